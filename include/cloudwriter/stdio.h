/* stdio.h - a FILE * whose fclose publishes, and one that reads what is there
 *
 * Any code that prints to a FILE * can write to a bucket, and any code that reads one can read from
 * it. Works where fopencookie exists (glibc, musl); elsewhere the calls answer CW_E_UNSUPPORTED. A
 * stream is for writing or for reading. The former cannot seek; ftell counts the bytes written. The
 * latter can. stdio's own rules on threads apply.
 */
#ifndef CLOUDWRITER_STDIO_H
#define CLOUDWRITER_STDIO_H

#include <stdio.h>
#include <cloudwriter/reader.h>

CW_BEGIN_DECLS

/**
 * Open a stream onto a new object, or one that is there.
 * For writing:
 * fclose publishes: 0 means that the object is there; EOF that it is not (errno is set, and
 * cw_fclose tells more). A failed upload shows in ferror and makes fwrite, fflush and fclose fail;
 * after any such failure fclose publishes nothing. exit() with the stream open publishes nothing.
 * For reading ("r"): as cw_reader_open and cw_reader_read. fseek works, and drops what was fetched
 * ahead. A failure shows in ferror, with errno set; so does a checksum that is another one, at the
 * last byte. fclose fails only with a failure that no read has told.
 * @param mode  "r"; "w"; "wx" (only if the key does not exist); "b" and "e" are accepted
 * @param c     NULL: a private client from the environment
 * @return NULL on failure, with `err` filled and errno set
 */
CW_CHECKED FILE *cw_fopen(const char *url, const char *mode, cw_client *c, cw_error *err);

/** The same with a writer's options (nullable, and NULL for reading). */
CW_CHECKED FILE *cw_fopen_with(const char *url, const char *mode, cw_client *c,
                               const cw_writer_options *o, cw_error *err);

/**
 * fclose that tells all: close a stream of cw_fopen and say what became of it. As cw_writer_close.
 * After reading: the first failure, or CW_OK and what was read.
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

/**
 * View a reader as a stream, from where it is. fclose on it detaches: the reader stays open, at
 * some place, since stdio reads more than it is asked for. Close the stream before the reader.
 */
CW_CHECKED cw_status cw_reader_file(cw_reader *r, FILE **out);

CW_END_DECLS

#endif
