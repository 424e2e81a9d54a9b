/* test_http_older.c - built with the headers of one libcurl, and run with an older one */
#include "harness.h"
#include "port/http.h"
#include <curl/curl.h>

/* In the place of libcurl's own. */
curl_version_info_data *curl_version_info(CURLversion age)
{
    static curl_version_info_data older = {.version = "7.67.0", .version_num = 0x074300};

    (void)age;
    return &older;
}

static void it_is_told(void)
{
    cw__http_options o = {.max_connections = 1};
    cw__http *h;
    cw_error err = {0};

    CHECK_STATUS(cw__http_new(&h, &o, &err), CW_E_UNSUPPORTED, err);
    CHECK(strstr(err.message, "libcurl here is 7.67.0") != NULL);
    CHECK(strstr(err.message, "built for 7.") != NULL);
}

int main(int argc, char **argv)
{
    TEST(it_is_told);
    return test_end();
}
