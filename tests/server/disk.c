/* disk.c - objects in a folder, so that people can look at them
 *
 * DIR/BUCKET/KEY with the key percent-encoded ('/' too), content only. A key whose encoding is too
 * long for a file name keeps its beginning and ends in "%~" and a hash. What lies there at the
 * start is served without metadata, with the MD5 as ETag; the long names cannot be read back. A new
 * object appears by rename.
 */
#include "internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_LIMIT 240
#define COPY_BYTES (1024 * 1024)

static char *bucket_path(ts_server *s, const char *bucket)
{
    ts_buf b = {0};

    ts_buf_printf(&b, "%s/%s", s->o.dir, bucket);
    return b.data;
}

static char *object_path(ts_server *s, const char *bucket, const char *key)
{
    ts_buf path = {0}, name = {0};
    char hash[65];

    ts_buf_uri(&name, key, false);
    if (name.len > NAME_LIMIT) {
        ts_sha256_hex(hash, name.data, name.len);
        name.len = 160;
        ts_buf_printf(&name, "%%~%s", hash);
    }
    /* "." and ".." are keys like any other, but no file names. */
    if (!strcmp(name.data, ".") || !strcmp(name.data, "..")) {
        size_t dots = name.len;
        name.len = 0;
        ts_buf_puts(&name, dots == 1 ? "%2E" : "%2E%2E");
    }
    ts_buf_printf(&path, "%s/%s/%s", s->o.dir, bucket, name.data);
    ts_buf_free(&name);
    return path.data;
}

void ts_disk_bucket(ts_server *s, const char *bucket, bool exists)
{
    if (!s->o.dir)
        return;
    char *path = bucket_path(s, bucket);
    if ((exists ? mkdir(path, 0777) : rmdir(path)) != 0 && errno != EEXIST)
        perror(path);
    free(path);
}

static int write_all(int fd, const ts_object *o)
{
    unsigned char *part = ts_realloc(NULL, COPY_BYTES);
    uint64_t at = 0;

    while (at < o->size) {
        size_t n = ts_object_read(o, at, part, COPY_BYTES), done = 0;

        while (done < n) {
            ssize_t k = write(fd, part + done, n - done);
            if (k <= 0)
                break;
            done += (size_t)k;
        }
        if (n == 0 || done < n)
            break;
        at += n;
    }
    free(part);
    return at == o->size ? 0 : -1;
}

void ts_disk_put(ts_server *s, const ts_bucket *b, ts_object *o)
{
    ts_buf temp = {0};

    if (!s->o.dir)
        return;
    char *path = object_path(s, b->name, o->key);
    ts_buf_printf(&temp, "%s/.new-%llu", s->o.dir, (unsigned long long)s->store.sequence++);
    int fd = open(temp.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    int rc = fd < 0 ? -1 : write_all(fd, o);
    if (fd >= 0 && close(fd) != 0)
        rc = -1;
    if (rc == 0 && rename(temp.data, path) == 0) {
        /* The memory is not needed any more; the parts of a failed write stay where they were. */
        for (size_t i = 0; i < o->blob_n; i++)
            ts_blob_unref(o->blobs[i]);
        o->blobs = ts_realloc(o->blobs, sizeof *o->blobs);
        o->blobs[0] = ts_blob_new(NULL, o->size);
        o->blobs[0]->file = path;
        o->blob_n = 1;
        path = NULL;
    } else {
        perror(path);
        unlink(temp.data);
    }
    free(path);
    ts_buf_free(&temp);
}

void ts_disk_remove(ts_server *s, const ts_bucket *b, const char *key)
{
    if (!s->o.dir)
        return;
    char *path = object_path(s, b->name, key);
    unlink(path);
    free(path);
}

static void load_file(ts_server *s, ts_bucket *b, const char *name)
{
    char *key = ts_uri_decode(name, strlen(name), false), *path;
    struct stat st;
    ts_buf content = {0};
    FILE *f = NULL;

    if (!key || name[0] == '.')
        goto out;
    path = object_path(s, b->name, key);
    f = fopen(path, "rb");
    if (f && fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode)) {
        char part[16384];
        unsigned char md5[16];
        size_t n;

        ts_buf_puts(&content, "");
        while ((n = fread(part, 1, sizeof part, f)) > 0)
            ts_buf_add(&content, part, n);
        ts_md5(md5, content.data, content.len);
        ts_blob **blobs = ts_alloc(sizeof *blobs);
        blobs[0] = ts_blob_new((unsigned char *)content.data, content.len);
        memset(&content, 0, sizeof content);
        ts_object *o = ts_object_new(key, blobs, 1);
        ts_hex(o->etag, md5, 16);
        ts_object_publish(s, b, o);
        o->modified = st.st_mtime;
    }
    free(path);
out:
    if (f)
        fclose(f);
    ts_buf_free(&content);
    free(key);
}

static void load_bucket(ts_server *s, const char *name)
{
    char *path = bucket_path(s, name);
    DIR *d = opendir(path);
    ts_kvs names = {0};

    /* Two passes, because serving a file renames a fresh copy into the folder that is being read.
     */
    for (struct dirent *e; d && (e = readdir(d));)
        ts_kvs_add(&names, e->d_name, "");
    if (d) {
        closedir(d);
        ts_bucket *b = ts_bucket_add(s, name);
        for (size_t i = 0; i < names.n; i++)
            load_file(s, b, names.v[i].name);
    }
    ts_kvs_free(&names);
    free(path);
}

int ts_disk_load(ts_server *s, char *why, size_t why_size)
{
    if (!s->o.dir)
        return 0;
    DIR *d = opendir(s->o.dir);
    if (!d) {
        snprintf(why, why_size, "cannot open the folder %s: %s", s->o.dir, strerror(errno));
        return -1;
    }
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.')
            load_bucket(s, e->d_name);
    closedir(d);
    return 0;
}
