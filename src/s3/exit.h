/* exit.h - what happens to open uploads when the process exits */
#ifndef CW_S3_EXIT_H
#define CW_S3_EXIT_H

#include "s3/client.h"

/** From now on the client's uploads are aborted at exit(). @return CW_OK or CW_E_NO_MEMORY */
cw_status cw__exit_watch(cw_client *c);
void cw__exit_forget(cw_client *c);

#endif
