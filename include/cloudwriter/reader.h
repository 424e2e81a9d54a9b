/* reader.h - bytes of an object that is there, at any offset
 *
 *     cw_reader_open(&r, client, "s3://bucket/key", &err);
 *     cw_reader_pread(r, cw_reader_size(r) - 8, tail, 8, &err);
 *     cw_reader_close(r);
 *
 * The object is looked at when it is opened, and every later request names the version that was
 * seen: an object that is replaced meanwhile is CW_E_PRECONDITION, never a mixture of two. A reader
 * belongs to one thread at a time. Takes the URLs that cw_writer_open takes.
 */
#ifndef CLOUDWRITER_READER_H
#define CLOUDWRITER_READER_H

#include <cloudwriter/client.h>

CW_BEGIN_DECLS

typedef struct cw_reader cw_reader;

/**
 * Look at an object: one request.
 * @param c  NULL: a private client from the environment, that lives as long as the reader
 * @return CW_OK; CW_E_NOT_FOUND; CW_E_UNSUPPORTED for what has no size, such as a FIFO; …
 */
CW_CHECKED cw_status cw_reader_open(cw_reader **out, cw_client *c, const char *url, cw_error *err);

/** Bytes of the object. */
CW_API uint64_t cw_reader_size(const cw_reader *r);

/**
 * Read exactly `n` bytes from `offset`, one request for each 4 MiB; or fail.
 * @return CW_OK; CW_E_INVALID_ARGUMENT where that lies beyond the end; CW_E_PRECONDITION: the
 *         object was replaced since it was opened; …
 */
CW_CHECKED cw_status cw_reader_pread(cw_reader *r, uint64_t offset, void *p, size_t n,
                                     cw_error *err);

/** NULL is fine. */
CW_API void cw_reader_close(cw_reader *r);

CW_END_DECLS

#endif
