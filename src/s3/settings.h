/* settings.h - choose between option, environment, profile and default, and remember which it was
 *
 * A client is made through one of these: each choice writes down a line, so that what is said to be
 * in effect is what was taken.
 */
#ifndef CW_S3_SETTINGS_H
#define CW_S3_SETTINGS_H

#include <stdint.h>
#include "base/text.h"
#include "s3/profile.h"
#include <cloudwriter/client.h>

typedef struct cw__settings {
    cw__text lines;                   /* "name\0value\0origin\0", again and again */
    const cw_client_options *options; /* these two while the client is being made */
    const cw__profile *profile;
} cw__settings;

/** Note what was chosen elsewhere. */
void cw__settings_note(cw__settings *s, const char *name, const char *value, const char *origin);

/** The same where a field of s->profile chose it, in words of its own. */
void cw__settings_note_profile(cw__settings *s, const char *name, const char *value,
                               char *const *of_profile);

/**
 * The first that is not empty of an option, a field of s->profile and a default, of which any may
 * be NULL; noted as `name`. NULL when all are.
 */
const char *cw__settings_text(cw__settings *s, const char *name, const char *option,
                              char *const *of_profile, const char *otherwise);

/** The same of an option that is no text, in words. @param variable  that filled it in, or NULL */
const char *cw__settings_word(cw__settings *s, const char *name, const char *option,
                              const char *variable, char *const *of_profile, const char *otherwise);

/** An option that is secret: noted as "set". */
const char *cw__settings_secret(cw__settings *s, const char *name, const char *option);

/** The option, unless it is zero. */
uint64_t cw__settings_number(cw__settings *s, const char *name, uint64_t option,
                             uint64_t otherwise);

/** The variable, "NAME=value", that a text lies in; NULL if it is not one's. */
const char *cw__environment_around(const char *text);

/** Where an option's text is from, put into `room` if that takes words. */
const char *cw__settings_origin(const cw__settings *s, const char *option, cw__text *room);

#endif
