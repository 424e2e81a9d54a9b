/* replay.c - run a fuzz target over the files of a corpus, where there is no fuzzer to do it
 *
 *     fuzz_reply CORPUS...     files, or folders of files
 *
 * Each file is also replayed cut off at every 16th of its length. No file at all is a failure.
 */
#include "fuzz.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

enum { CUTS = 16 };

static size_t replayed;

static void replay_bytes(const uint8_t *data, size_t size)
{
    for (size_t cut = 0; cut <= CUTS; cut++) {
        size_t n = size * cut / CUTS;
        uint8_t *exact = malloc(n ? n : 1); /* so that a read past the end is seen */
        MUST(exact);
        memcpy(exact, data, n);
        LLVMFuzzerTestOneInput(exact, n);
        free(exact);
    }
}

static void replay_file(const char *path, size_t size)
{
    uint8_t *data = malloc(size + 1);
    FILE *f = fopen(path, "rb");
    MUST(data && f);
    MUST(fread(data, 1, size, f) == size);
    fclose(f);
    replay_bytes(data, size);
    free(data);
    replayed++;
}

static void replay_path(const char *path);

static void replay_folder(const char *path)
{
    char inner[4096];
    DIR *folder = opendir(path);
    struct dirent *entry;
    MUST(folder);
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        int n = snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        MUST(n > 0 && (size_t)n < sizeof inner);
        replay_path(inner);
    }
    closedir(folder);
}

static void replay_path(const char *path)
{
    struct stat about;
    if (stat(path, &about) != 0) {
        perror(path);
        exit(1);
    }
    if (S_ISDIR(about.st_mode))
        replay_folder(path);
    else
        replay_file(path, (size_t)about.st_size);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        replay_path(argv[i]);
    printf("%zu files replayed\n", replayed);
    return replayed == 0;
}
