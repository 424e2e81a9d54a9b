/* fuzz_profile.c - read any shared AWS files
 *
 * Input: the config file, a line "----", the credentials file. The same bytes are read for the
 * default profile and for one named "a".
 */
#include "fuzz.h"

#include <string.h>

#include "s3/profile.h"

static const char separator[] = "\n----\n";

static void read_profile(const char *name, const char *config, size_t config_n,
                         const char *credentials, size_t credentials_n)
{
    cw__profile p;
    cw_error err = {0};
    cw__profile_input in = {.name = name,
                            .home_directory = "/home/u",
                            .config_path = "CONFIG",
                            .config = config,
                            .config_bytes = config_n,
                            .credentials_path = "CREDENTIALS",
                            .credentials = credentials,
                            .credentials_bytes = credentials_n};
    cw_status status = cw__profile_parse(&p, &in, &err);
    MUST(status == CW_OK || status == CW_E_INVALID_ARGUMENT);
    MUST(status == err.status);
    if (status != CW_OK) {
        MUST(strncmp(err.message, "line ", 5) == 0);
        return;
    }
    MUST(strcmp(p.name, name) == 0);
    MUST(p.found || (!p.access_key_id && !p.region));
    cw__profile_free(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *config = (const char *)data;
    const char *cut = size ? memmem(data, size, separator, sizeof separator - 1) : NULL;
    size_t config_n = cut ? (size_t)(cut - config) : size;
    const char *credentials = cut ? cut + sizeof separator - 1 : config + size;
    size_t credentials_n = (size_t)(config + size - credentials);
    if (size == 0)
        return 0;
    read_profile("default", config, config_n, credentials, credentials_n);
    read_profile("a", config, config_n, credentials, credentials_n);
    return 0;
}
