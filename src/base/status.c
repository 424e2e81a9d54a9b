/* status.c - the names and the meanings of the statuses, from the list in status.h */
#include <cloudwriter/status.h>

const char *cw_status_name(cw_status status)
{
    switch (status) {
#define NAME_CASE(number, name, text)                                                              \
    case name:                                                                                     \
        return #name;
        CW_STATUS_LIST(NAME_CASE)
#undef NAME_CASE
    }
    return "CW_E_UNKNOWN";
}

const char *cw_status_text(cw_status status)
{
    switch (status) {
#define TEXT_CASE(number, name, text)                                                              \
    case name:                                                                                     \
        return text;
        CW_STATUS_LIST(TEXT_CASE)
#undef TEXT_CASE
    }
    return "not a status of this version of the library";
}
