/* oldest_libcurl.h - have what includes libcurl's headers after this take them for those of 7.68 */
#ifndef CW_TESTS_SCRIPTED_OLDEST_LIBCURL_H
#define CW_TESTS_SCRIPTED_OLDEST_LIBCURL_H

#include <curl/curlver.h>

#undef LIBCURL_VERSION_NUM
#define LIBCURL_VERSION_NUM 0x074400

#endif
