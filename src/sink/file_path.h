/* file_path.h - where the path of a file leads */
#ifndef CW_SINK_FILE_PATH_H
#define CW_SINK_FILE_PATH_H

#include <sys/stat.h>
#include <cloudwriter/status.h>

typedef enum cw__file_kind {
    CW__FILE_NEW,     /* nothing there */
    CW__FILE_REGULAR, /* a file, which may be replaced */
    CW__FILE_FIFO,    /* written straight through, and so are the next two */
    CW__FILE_DEVICE,
    CW__FILE_DESCRIPTOR /* one of this process: /dev/stdout, /dev/fd/N */
} cw__file_kind;

typedef struct cw__file_path {
    cw__file_kind kind;
    char *path;        /* with symlinks as the last component followed */
    char *folder;      /* of NEW and REGULAR, and ... */
    char *name;        /* ... the last component, never empty */
    struct stat there; /* unless NEW or DESCRIPTOR */
    int descriptor;    /* of DESCRIPTOR */
} cw__file_path;

/**
 * Find out. On failure too cw__file_path_free is in order.
 * @return CW_OK; CW_E_INVALID_ARGUMENT for a folder; CW_E_UNSUPPORTED for a socket; CW_E_PERMISSION
 *         and CW_E_IO; CW_E_NO_MEMORY
 */
cw_status cw__file_path_resolve(cw__file_path *out, const char *path, cw_error *err);
void cw__file_path_free(cw__file_path *p);

#endif
