/* partition.c - the parts of AWS that know nothing of each other, by their regions' names
 *
 * As in the partitions.json of the AWS SDKs, whose patterns are prefixes in all but name.
 */
#include "s3/partition.h"

#include <string.h>

static const cw__partition partitions[] = {
    {"cn-", "aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    {"us-gov-", "aws-us-gov", "amazonaws.com", "api.aws"},
    {"us-iso-", "aws-iso", "c2s.ic.gov", "api.aws.ic.gov"},
    {"us-isob-", "aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud"},
    {"us-isof-", "aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
    {"eu-isoe-", "aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
    {"eusc-", "aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu"},
    {"", "aws", "amazonaws.com", "api.aws"},
};

const cw__partition *cw__partition_of(const char *region)
{
    const cw__partition *p = partitions;
    while (!cw__starts_with(region, p->prefix))
        p++;
    return p;
}

static bool is_below(const char *host, const char *domain)
{
    size_t n = strlen(host), domain_n = strlen(domain);
    return n > domain_n && host[n - domain_n - 1] == '.' && cw__ends_with_nocase(host, domain);
}

bool cw__is_host_of_aws(const char *host)
{
    for (size_t i = 0; i < sizeof partitions / sizeof *partitions; i++)
        if (is_below(host, partitions[i].domain))
            return true;
    return false;
}

cw__variant cw__variant_of(const cw_client_options *o)
{
    return (cw__variant){.dualstack = o->use_dualstack_endpoint == CW_ON,
                         .fips = o->use_fips_endpoint == CW_ON};
}

/* In GovCloud the plain endpoint is the FIPS one. */
void cw__add_service_url(cw__text *url, const char *given, const char *service, const char *region,
                         cw__variant v)
{
    const cw__partition *p = cw__partition_of(region);
    size_t n = given ? strlen(given) : 0;
    while (n > 0 && given[n - 1] == '/')
        n--;
    if (given) {
        cw__text_add_n(url, given, n);
        return;
    }
    v.fips = v.fips && (v.dualstack || !cw__starts_with(region, "us-gov-"));
    cw__text_addf(url, "https://%s%s.%s.%s", service, v.fips ? "-fips" : "", region,
                  v.dualstack ? p->dualstack_domain : p->domain);
}
