/* memory.h - a sink that is an object in the process: mem://name
 *
 * Objects live in one store for the process until cw_memory_remove. Names are compared byte for
 * byte. create_only and if_match hold at publish, in one step with it; the ETag is the CRC-64/NVME
 * of the content in 16 hex digits.
 */
#ifndef CW_SINK_MEMORY_H
#define CW_SINK_MEMORY_H

#include <cloudwriter/sys/sink.h>

/** @return CW_OK; CW_E_INVALID_ARGUMENT for an empty name; CW_E_NO_MEMORY */
cw_status cw__sink_memory_new(cw_sink **out, const char *name, cw_error *err);

#endif
