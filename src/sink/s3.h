/* s3.h - a sink that makes an object in a bucket */
#ifndef CW_SINK_S3_H
#define CW_SINK_S3_H

#include <cloudwriter/client.h>
#include <cloudwriter/sys/sink.h>

/** Keeps a reference to the client of its own. Sends nothing before a part is full. */
cw_status cw__sink_s3_new(cw_sink **out, cw_client *c, const char *bucket, const char *key,
                          cw_error *err);

#endif
