/* switches.c - the settings that are on or off, of options, environment and profiles alike */
#include "s3/switches.h"

#include "base/error.h"
#include "base/text.h"

/* Its field has the same name in the options and in a profile. */
#define FIELD(name) #name, offsetof(cw_client_options, name), offsetof(cw__profile, name)

const cw__switch cw__switches[CW__SWITCHES] = {
    {FIELD(use_dualstack_endpoint), "AWS_USE_DUALSTACK_ENDPOINT", {NULL, "true", "false"}, CW_OFF},
    {FIELD(use_fips_endpoint), "AWS_USE_FIPS_ENDPOINT", {NULL, "true", "false"}, CW_OFF},
    {FIELD(use_accelerate_endpoint), NULL, {NULL, "true", "false"}, CW_OFF},
    {FIELD(us_east_1_regional_endpoint),
     "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT",
     {NULL, "regional", "legacy"},
     CW_ON},
    {FIELD(s3_use_arn_region), "AWS_S3_USE_ARN_REGION", {NULL, "true", "false"}, CW_ON},
    {FIELD(s3_disable_multiregion_access_points),
     "AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS",
     {NULL, "true", "false"},
     CW_OFF},
    {FIELD(s3_disable_express_session_auth),
     "AWS_S3_DISABLE_EXPRESS_SESSION_AUTH",
     {NULL, "true", "false"},
     CW_OFF},
};

cw_switch cw__switch_read(const cw__switch *kind, const char *text)
{
    return cw__equal_nocase(text, kind->words[CW_ON])    ? CW_ON
           : cw__equal_nocase(text, kind->words[CW_OFF]) ? CW_OFF
                                                         : CW_AS_CONFIGURED;
}

cw_switch *cw__switch_of(const cw__switch *kind, cw_client_options *o)
{
    void *field = (char *)o + kind->option;
    return field;
}

static cw_status take(cw__settings *s, const cw__switch *kind, cw_switch *field, cw_error *err)
{
    const void *of_profile = (const char *)s->profile + kind->of_profile;
    size_t shift = 2 * (size_t)(kind - cw__switches);

    if ((unsigned)*field > CW_OFF)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "%s is %d: it must be CW_ON or CW_OFF",
                        kind->name, (int)*field);
    bool environment = (s->options->environment_switches >> shift & 3) == (unsigned)*field;
    const char *text =
        cw__settings_word(s, kind->name, kind->words[*field], environment ? kind->variable : NULL,
                          of_profile, kind->words[kind->otherwise]);
    *field = cw__switch_read(kind, text);
    if (*field != CW_AS_CONFIGURED)
        return CW_OK;
    return cw__fail(err, CW_E_INVALID_ARGUMENT, "%s of profile %s is '%s': it must be %s or %s",
                    kind->name, s->profile->name, text, kind->words[CW_ON], kind->words[CW_OFF]);
}

cw_status cw__switches_take(cw__settings *s, cw_client_options *o, cw_error *err)
{
    cw_status st = CW_OK;

    for (const cw__switch *kind = cw__switches; st == CW_OK && kind < cw__switches + CW__SWITCHES;
         kind++)
        st = take(s, kind, cw__switch_of(kind, o), err);
    return st;
}
