/* switches.h - the settings that are on or off, of options, environment and profiles alike */
#ifndef CW_S3_SWITCHES_H
#define CW_S3_SWITCHES_H

#include <stddef.h>
#include "s3/settings.h"
#include <cloudwriter/client.h>

enum { CW__SWITCHES = 7 };

typedef struct cw__switch {
    const char *name;
    size_t option, of_profile; /* where the field is */
    const char *variable;      /* NULL: none */
    const char *words[3];      /* by cw_switch */
    cw_switch otherwise;       /* what it is when nobody says */
} cw__switch;

extern const cw__switch cw__switches[CW__SWITCHES];

/** What a text says; CW_AS_CONFIGURED for neither of the two words. */
cw_switch cw__switch_read(const cw__switch *kind, const char *text);

cw_switch *cw__switch_of(const cw__switch *kind, cw_client_options *o);

/** Note and fill in all of them, from the options, then the profile: none is open any more. */
cw_status cw__switches_take(cw__settings *s, cw_client_options *o, cw_error *err);

#endif
