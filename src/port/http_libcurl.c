/* http_libcurl.c - libcurl as a whole: initialised once, and new enough */
#include "port/http_libcurl.h"

#include <pthread.h>

#include "base/error.h"

#include <curl/curl.h>

static pthread_once_t global_once = PTHREAD_ONCE_INIT;
static CURLcode global_code;

/* The newest libcurl of which something is used, as far as the headers had it. */
enum {
    VERSION_USED = LIBCURL_VERSION_NUM >= 0x075700   ? 0x075700
                   : LIBCURL_VERSION_NUM >= 0x075500 ? 0x075500
                   : LIBCURL_VERSION_NUM >= 0x075000 ? 0x075000
                                                     : 0x074400
};

static void global_init(void)
{
    global_code = curl_global_init(CURL_GLOBAL_DEFAULT);
}

cw_status cw__http_look_at_libcurl(cw_error *err)
{
    pthread_once(&global_once, global_init);
    const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
    if (global_code != CURLE_OK)
        return cw__fail(err, CW_E_UNSUPPORTED, "libcurl cannot be used: %s",
                        curl_easy_strerror(global_code));
    if (v->version_num < VERSION_USED)
        return cw__fail(err, CW_E_UNSUPPORTED,
                        "libcurl here is %s, and this was built for %d.%d or later: install that, "
                        "or build with the headers of this one",
                        v->version, VERSION_USED >> 16, VERSION_USED >> 8 & 0xFF);
    return CW_OK;
}
