/* test_read_stdio.c - a FILE * that reads an object: fread, fgets, fseek, and how failures show */
#include "fixture.h"

#include <errno.h>

enum { SIZE = 5 * MIB + 77 };

static unsigned char *data;

static void put(bed *b, const char *key, const void *p, size_t n)
{
    cw_error err;

    CHECK_OK(send_bytes(b, key, NULL, p, n, NULL, &err), err);
}

static FILE *open_file(bed *b, const char *url, const char *mode)
{
    cw_error err;
    FILE *f = cw_fopen(url, mode, b ? b->client : NULL, &err);

    CHECK_OK(err.status, err);
    REQUIRE(f);
    return f;
}

static void check_whole(FILE *f, size_t piece)
{
    unsigned char *got = malloc(piece);
    size_t at = 0, n;

    REQUIRE(got);
    while ((n = fread(got, 1, piece, f)) > 0) {
        REQUIRE(n <= SIZE - at);
        CHECK(memcmp(got, data + at, n) == 0);
        at += n;
    }
    CHECK_INT(at, SIZE);
    CHECK(feof(f) && !ferror(f));
    CHECK_INT(ftell(f), SIZE);
    free(got);
}

static void check_seeks(FILE *f)
{
    uint64_t state = 3;
    unsigned char got[5000];

    for (int i = 0; i < 100; i++) {
        long to = (long)(mix(&state) % (SIZE - sizeof got));
        int how = i % 3;
        long base = how == SEEK_SET ? 0 : how == SEEK_CUR ? ftell(f) : SIZE;

        CHECK_INT(fseek(f, to - base, how), 0);
        CHECK_INT(ftell(f), to);
        CHECK_INT(fread(got, 1, sizeof got, f), sizeof got);
        CHECK(memcmp(got, data + to, sizeof got) == 0);
    }
    CHECK_INT(fseek(f, -1, SEEK_SET), -1);
    CHECK_INT(errno, EINVAL);
    CHECK_INT(fseek(f, 10, SEEK_END), 0);
    CHECK_INT(fgetc(f), EOF);
    CHECK(feof(f) && !ferror(f));
    rewind(f);
    check_whole(f, 30000);
}

static void check_url(bed *b, const char *url)
{
    static const size_t pieces[] = {100, 65536, 2 * MIB};
    cw_object_info info;
    cw_error err;
    FILE *f;

    for (size_t i = 0; i < 3; i++) {
        f = open_file(b, url, i % 2 ? "rb" : "r");
        check_whole(f, pieces[i]);
        CHECK_INT(fclose(f), 0);
    }
    f = open_file(b, url, "r");
    check_seeks(f);
    CHECK_OK(cw_fclose(f, &info, &err), err);
    CHECK_INT(info.bytes, SIZE);
    f = open_file(b, url, "r");
    CHECK_INT(fgetc(f), data[0]);
    CHECK_INT(cw_fabort(f), 0);
    f = open_file(b, url, "r");
    CHECK_INT(fputc('x', f), EOF);
    (void)fclose(f);
}

static void objects(void)
{
    bed b = bed_open(NULL, NULL);

    put(&b, "key", data, SIZE);
    check_url(&b, "s3://bucket/key");
    bed_close(&b);
}

static void files_and_memory(void)
{
    char path[] = "/tmp/cw-read-stdio-XXXXXX";
    const char *urls[] = {path, "mem://stdio"};
    int fd = mkstemp(path);

    REQUIRE(fd >= 0);
    close(fd);
    for (int i = 0; i < 2; i++) {
        FILE *f = open_file(NULL, urls[i], "w");

        CHECK_INT(fwrite(data, 1, SIZE, f), SIZE);
        CHECK_INT(fclose(f), 0);
        check_url(NULL, urls[i]);
    }
    unlink(path);
    cw_memory_remove("stdio");
}

static void lines(void)
{
    static const char text[] = "one\ntwo\nthree\n";
    bed b = bed_open(NULL, NULL);
    char line[10];
    FILE *f;

    put(&b, "key", text, sizeof text - 1);
    f = open_file(&b, "s3://bucket/key", "r");
    CHECK(fgets(line, sizeof line, f) && !strcmp(line, "one\n"));
    CHECK(fgets(line, sizeof line, f) && !strcmp(line, "two\n"));
    CHECK(fgets(line, sizeof line, f) && !strcmp(line, "three\n"));
    CHECK(!fgets(line, sizeof line, f) && feof(f));
    CHECK_INT(fclose(f), 0);
    bed_close(&b);
}

static void what_is_not_there(void)
{
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    bed b = bed_open(NULL, NULL);
    cw_error err;

    CHECK(!cw_fopen("s3://bucket/none", "r", b.client, &err));
    CHECK_INT(errno, ENOENT);
    CHECK_INT(err.status, CW_E_NOT_FOUND);
    CHECK(!cw_fopen("mem://none", "r", NULL, &err));
    CHECK_INT(errno, ENOENT);
    CHECK(!cw_fopen_with("s3://bucket/none", "r", b.client, &o, &err));
    CHECK_INT(errno, EINVAL);
    bed_close(&b);
}

static size_t read_on(FILE *f)
{
    static char got[10000];
    size_t at = 0, n;

    while ((n = fread(got, 1, sizeof got, f)) > 0)
        at += n;
    return at;
}

static void failures(void)
{
    bed b = bed_open(NULL, NULL);
    cw_error err;
    FILE *f;

    put(&b, "key", data, SIZE);
    faults(&b, "op=GetObject skip=1 times=inf do=status:403:AccessDenied");
    f = open_file(&b, "s3://bucket/key", "r");
    CHECK(read_on(f) < SIZE);
    CHECK_INT(errno, EACCES);
    CHECK(ferror(f));
    CHECK_INT(fclose(f), 0);
    f = open_file(&b, "s3://bucket/key", "r");
    CHECK(read_on(f) < SIZE);
    CHECK_STATUS(cw_fclose(f, NULL, &err), CW_E_PERMISSION, err);
    ts_fault_clear(b.server);

    f = open_file(&b, "s3://bucket/key", "r");
    put(&b, "key", data + 1, SIZE - 1);
    CHECK_INT(read_on(f), 0);
    CHECK_INT(errno, ESTALE);
    CHECK_STATUS(cw_fclose(f, NULL, &err), CW_E_PRECONDITION, err);
    bed_close(&b);
}

/* The last bytes of an object whose checksum is another one are not handed out as if they were
 * good, though whoever reads as much as there is never reads again. */
static void damage(void)
{
    static unsigned char got[1000];
    bed b = bed_open(NULL, NULL);
    cw_error err;
    FILE *f;

    put(&b, "key", data, 1000);
    faults(&b, "op=GetObject times=inf do=corrupt_reply:500");
    f = open_file(&b, "s3://bucket/key", "r");
    CHECK(fread(got, 1, 1000, f) < 1000);
    CHECK(ferror(f));
    CHECK_INT(errno, EIO);
    CHECK_STATUS(cw_fclose(f, NULL, &err), CW_E_INTEGRITY, err);
    bed_close(&b);
}

static void a_view(void)
{
    cw_reader_options o = CW_READER_OPTIONS_INIT;
    cw_writer_options w = CW_WRITER_OPTIONS_INIT;
    bed b = bed_open(NULL, NULL);
    cw_reader *r;
    cw_error err;
    FILE *f;

    w.compression = CW_COMPRESSION_ZSTD;
    CHECK_OK(send_bytes(&b, "key", &w, data, SIZE, NULL, &err), err);
    o.decompression = CW_DECOMPRESSION_AUTO;
    CHECK_OK(cw_reader_open_with(&r, b.client, "s3://bucket/key", &o, &err), err);
    CHECK_INT(cw_reader_file(r, &f), CW_OK);
    check_whole(f, 10000);
    CHECK_INT(fseek(f, MIB + 5, SEEK_SET), -1); /* stdio itself goes back to 0 for less */
    CHECK_INT(errno, ESPIPE);
    rewind(f);
    check_whole(f, 10000);
    CHECK_INT(fclose(f), 0);
    CHECK_OK(cw_reader_seek(r, 0, &err), err);
    cw_reader_close(r);
    CHECK_INT(cw_reader_file(NULL, &f), CW_E_INVALID_ARGUMENT);
    bed_close(&b);
}

int main(int argc, char **argv)
{
    data = noise(SIZE);
    WITHIN(8000, objects);
    WITHIN(8000, files_and_memory);
    WITHIN(2000, lines);
    WITHIN(2000, what_is_not_there);
    WITHIN(5000, failures);
    WITHIN(5000, damage);
    WITHIN(5000, a_view);
    free(data);
    return test_end();
}
