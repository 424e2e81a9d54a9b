/* verbs.h - the verbs that look, list, remove, copy and sign */
#ifndef CW_TOOL_VERBS_H
#define CW_TOOL_VERBS_H

#include "options.h"

int ls_main(struct options *o);
int glob_main(struct options *o);
int du_main(struct options *o);
int stat_main(struct options *o);
int rm_main(struct options *o);
int cp_main(struct options *o);
int mv_main(struct options *o);
int mb_main(struct options *o);
int rb_main(struct options *o);
int presign_main(struct options *o);

/** Make a client and do something to each operand, of which there must be one; the worst exit
 *  code. */
int verbs_each(struct options *o,
               int (*act)(const struct options *o, cw_client *c, const char *url));

#endif
