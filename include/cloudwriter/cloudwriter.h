/* cloudwriter.h - everything; most programs include just this */
#ifndef CLOUDWRITER_CLOUDWRITER_H
#define CLOUDWRITER_CLOUDWRITER_H

#include <cloudwriter/version.h>
#include <cloudwriter/status.h>
#include <cloudwriter/client.h>
#include <cloudwriter/writer.h>
#include <cloudwriter/stdio.h>
#include <cloudwriter/csv.h>
#include <cloudwriter/schema.h>
#include <cloudwriter/arrow_abi.h>
#include <cloudwriter/parquet.h>
#include <cloudwriter/parquet_file.h>
#include <cloudwriter/object.h>
#include <cloudwriter/list.h>
#include <cloudwriter/bucket.h>
#include <cloudwriter/store.h>
#include <cloudwriter/reader.h>
#include <cloudwriter/sys/allocator.h>
#include <cloudwriter/sys/sink.h>

#endif
