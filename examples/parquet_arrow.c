/* parquet_arrow.c - Arrow data, from whatever library made it, becomes a Parquet file
 *
 *     parquet_arrow s3://bucket/numbers.parquet
 *
 * Here the arrays are made by hand; any producer of Arrow's C stream interface will do. The whole
 * stream is one call, and the schema is the stream's own.
 */
#include <cloudwriter/cloudwriter.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 4, BATCHES = 3 };

static int32_t numbers[ROWS] = {1, 1, 2, 3};
static const void *number_buffers[2] = {NULL, numbers}, *no_buffers[1];
static struct ArrowSchema number_type, *number_types[1] = {&number_type};
static struct ArrowArray number_array, *number_arrays[1] = {&number_array};

/* All of it is static: to release is to say so. */
static void release_type(struct ArrowSchema *s)
{
    s->release = NULL;
}

static void release_array(struct ArrowArray *a)
{
    a->release = NULL;
}

static void release_stream(struct ArrowArrayStream *s)
{
    s->release = NULL;
}

static int get_type(struct ArrowArrayStream *s, struct ArrowSchema *out)
{
    (void)s;
    number_type = (struct ArrowSchema){.format = "i", .name = "number", .release = release_type};
    *out = (struct ArrowSchema){
        .format = "+s", .n_children = 1, .children = number_types, .release = release_type};
    return 0;
}

/* An array that was released is the end of the stream. */
static int get_batch(struct ArrowArrayStream *s, struct ArrowArray *out)
{
    int *left = s->private_data;

    memset(out, 0, sizeof *out);
    if ((*left)-- == 0)
        return 0;
    number_array = (struct ArrowArray){
        .length = ROWS, .n_buffers = 2, .buffers = number_buffers, .release = release_array};
    *out = (struct ArrowArray){.length = ROWS,
                               .n_buffers = 1,
                               .n_children = 1,
                               .buffers = no_buffers,
                               .children = number_arrays,
                               .release = release_array};
    return 0;
}

int main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "mem://numbers.parquet";
    int left = BATCHES;
    struct ArrowArrayStream stream = {get_type, get_batch, NULL, release_stream, &left};
    cw_parquet_info info;
    cw_error err;

    if (cw_parquet_write_arrow_stream(NULL, url, &stream, NULL, &info, &err) == CW_OK)
        return info.rows != ROWS * BATCHES;
    fprintf(stderr, "%s: %s\n", url, err.message);
    return 1;
}
