/* stdio.h - a FILE * whose fclose publishes
 *
 * Any code that prints to a FILE * can write to a bucket. Works where fopencookie exists (glibc,
 * musl); elsewhere the calls answer CW_E_UNSUPPORTED. Streams are for writing only and cannot
 * seek; ftell counts the bytes written. stdio's own rules on threads apply.
 */
#ifndef CLOUDWRITER_STDIO_H
#define CLOUDWRITER_STDIO_H

#include <stdio.h>
#include <cloudwriter/writer.h>

CW_BEGIN_DECLS

/**
 * Open a stream onto a new object.
 * fclose publishes: 0 means that the object is there; EOF that it is not (errno is set, and
 * cw_fclose tells more). A failed upload shows in ferror and makes fwrite, fflush and fclose fail;
 * after any such failure fclose publishes nothing. exit() with the stream open publishes nothing.
 * @param mode  "w"; "wx" (only if the key does not exist); "b" and "e" are accepted
 * @param c     NULL: a private client from the environment
 * @return NULL on failure, with `err` filled and errno set
 */
CW_CHECKED FILE *cw_fopen(const char *url, const char *mode, cw_client *c, cw_error *err);

/** The same with a writer's options (nullable). */
CW_CHECKED FILE *cw_fopen_with(const char *url, const char *mode, cw_client *c,
                               const cw_writer_options *o, cw_error *err);

/**
 * fclose that tells all: close a stream of cw_fopen and say what became of it. As cw_writer_close.
 * @return as cw_writer_close; CW_E_INVALID_ARGUMENT when `f` is not a stream of cw_fopen (it is
 *         left open)
 */
CW_CHECKED cw_status cw_fclose(FILE *f, cw_object_info *info, cw_error *err);

/** Close a stream of cw_fopen and publish nothing. @return 0, or EOF with errno set */
CW_API int cw_fabort(FILE *f);

/**
 * View a writer as a stream. fclose on it flushes into the writer and detaches: the writer stays
 * open, and still has to be closed. Close the stream before the writer.
 */
CW_CHECKED cw_status cw_writer_file(cw_writer *w, FILE **out);

CW_END_DECLS

#endif
