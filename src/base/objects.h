/* objects.h - the objects of mem://, which live in the process
 *
 * One table under one lock, which is held around a fork. What cw__objects_get answers lies inside
 * an object and ends with it: when that is replaced or removed.
 */
#ifndef CW_BASE_OBJECTS_H
#define CW_BASE_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cloudwriter/status.h>

enum { CW__OBJECT_ETAG = 17 };

typedef struct cw__object {
    struct cw__object *next; /* the table's */
    char *name;
    unsigned char *p; /* never NULL once it is in the table */
    size_t n;
    char etag[CW__OBJECT_ETAG]; /* of the bytes; set when it is published */
    int64_t modified_ms;        /* the same */
} cw__object;

/** An object without bytes, not yet in the table. NULL when out of memory. */
cw__object *cw__object_new(const char *name);

/** For one that is not in the table. NULL is fine. */
void cw__object_free(cw__object *o);

/** When what is there may be replaced, or removed. Zero: always. */
typedef struct cw__object_condition {
    bool absent;          /* only if nothing is there: else CW_E_ALREADY_EXISTS */
    bool present;         /* only if something is there: else CW_E_NOT_FOUND */
    const char *if_match; /* only over this ETag, without quotes: else CW_E_PRECONDITION, and where
                             nothing is, CW_E_NOT_FOUND, as in S3; or NULL */
} cw__object_condition;

/** Put it in place of the one of its name, and tell its ETag. It moves only on CW_OK. */
cw_status cw__objects_publish(cw__object *o, const cw__object_condition *when,
                              char etag[CW__OBJECT_ETAG], cw_error *err);

/** Its bytes (either may be NULL); what else is known of it. @return false: there is none */
bool cw__objects_get(const char *name, const void **p, size_t *n);
bool cw__objects_look(const char *name, uint64_t *bytes, char etag[CW__OBJECT_ETAG],
                      int64_t *modified_ms);

/** Copy `n` bytes from `offset` on, which lie within it. @return false: there is none of that ETag
 */
bool cw__objects_read(const char *name, const char *etag, uint64_t offset, void *p, size_t n);

/** A copy under another name, of the object with that ETag (NULL: whichever is there). */
cw_status cw__objects_copy(const char *from, const char *if_match, const char *to,
                           const cw__object_condition *when, cw_error *err);

cw_status cw__objects_remove(const char *name, const cw__object_condition *when, cw_error *err);
void cw__objects_remove_all(void);

/** What was there at one moment. */
typedef struct cw__object_line {
    char *name;
    uint64_t bytes;
    char etag[CW__OBJECT_ETAG];
    int64_t modified_ms;
} cw__object_line;

/** Those whose name begins with `prefix`, in the order of their bytes. To be freed, also after a
    failure. */
cw_status cw__objects_list(const char *prefix, cw__object_line **lines, size_t *count);
void cw__objects_list_free(cw__object_line *lines, size_t count);

#endif
