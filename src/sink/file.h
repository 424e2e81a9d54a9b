/* file.h - a sink that is a file: there at publish, whole, or not at all
 *
 * The bytes go to a temporary file in the same folder, nameless where the platform can (then even
 * kill -9 leaves nothing), else with a hidden random name. publish syncs it, gives it the final
 * name in one step, and syncs the folder. An existing file is replaced and passes on its
 * permission bits, and its owner where allowed; links, ACLs and attributes of the old one are not
 * carried over. A symlink as the last component is followed: its target is replaced.
 *
 * A device, a FIFO, and the process's own descriptors (/dev/stdout, /dev/fd/N) have no such thing
 * as a final name: they are written straight through, and what is written there is written, also
 * when the writer is aborted. create_only is refused there. A FIFO waits up to 30 s, or deadline_ms
 * if that is shorter, for a reader; writing waits for as long as the reader does.
 */
#ifndef CW_SINK_FILE_H
#define CW_SINK_FILE_H

#include <cloudwriter/sys/sink.h>

/**
 * Make one for `path`, which is copied; a relative one is that of the working directory at begin.
 * Does not touch the file system: begin does.
 * @return CW_OK; CW_E_INVALID_ARGUMENT for an empty path or one that ends in '/'; CW_E_NO_MEMORY
 */
cw_status cw__sink_file_new(cw_sink **out, const char *path, cw_error *err);

#endif
