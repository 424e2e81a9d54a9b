/* export.h - what is visible outside the library, and attributes of declarations */
#ifndef CLOUDWRITER_EXPORT_H
#define CLOUDWRITER_EXPORT_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) || defined(__clang__)
#define CW_EXPORT            __attribute__((visibility("default")))
#define CW_MUST_USE          __attribute__((warn_unused_result))
#define CW_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define CW_EXPORT
#define CW_MUST_USE
#define CW_PRINTF(fmt, args)
#endif

/** A function of the public interface. */
#define CW_API CW_EXPORT
/** A function of the public interface whose status must be looked at. */
#define CW_CHECKED CW_EXPORT CW_MUST_USE

#ifdef __cplusplus
#define CW_BEGIN_DECLS extern "C" {
#define CW_END_DECLS   }

/** An options struct with its size filled in and everything else at its default. */
template <class T> inline T cw_options_init()
{
    T t = T();
    t.struct_size = sizeof(T);
    return t;
}
#define CW_OPTIONS_INIT(type) cw_options_init<type>()
#else
#define CW_BEGIN_DECLS
#define CW_END_DECLS
#define CW_OPTIONS_INIT(type)                                                                      \
    {                                                                                              \
        .struct_size = sizeof(type)                                                                \
    }
#endif

#endif
