/* refusals.c - the keys that DeleteObjects could not delete, inside an answer of success */
#include "store/refusals.h"

#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "s3/reply_rules.h"

static void read_reason(cw__refusal *why, const cw__xml_node *node)
{
    const cw__reply_rule *rule;

    cw__xml_copy_text(node, "Code", why->code, sizeof why->code);
    cw__xml_copy_text(node, "Message", why->message, sizeof why->message);
    rule = cw__reply_rule_of_code(why->code);
    why->status = rule ? rule->status : CW_E_SERVICE;
    why->passing = rule && rule->verdict != CW__VERDICT_FINAL;
    cw__log_clean(why->code);
    cw__log_clean(why->message);
}

cw_status cw__refusals_read(const cw__xml *document,
                            cw_status (*each)(void *user, const cw__refusal *why, cw_error *err),
                            void *user, cw_error *err)
{
    const cw__xml_node *node = cw__xml_child(cw__xml_root(document), "Error");
    cw_status st = CW_OK;

    for (; st == CW_OK && node; node = cw__xml_next(node)) {
        char *key = cw__xml_child_text(node, "Key");
        cw__refusal why = {.key = key};

        read_reason(&why, node);
        if (key)
            st = each(user, &why, err);
        else
            st = cw__fail(err, CW_E_PROTOCOL,
                          "the service could not delete an object, and did not say which");
        cw__free(key);
    }
    return st;
}
