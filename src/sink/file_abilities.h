/* file_abilities.h - for tests: act as on a file system that can do less */
#ifndef CW_SINK_FILE_ABILITIES_H
#define CW_SINK_FILE_ABILITIES_H

enum {
    CW__FILE_NAMELESS = 1, /* make files without a name (O_TMPFILE) */
    CW__FILE_LINKS = 2,    /* give a file a second name */
    CW__FILE_ALL_ABILITIES = 3
};

/** What file sinks may use from now on; they find out for themselves whether it works. */
void cw__file_set_abilities(unsigned set);

#endif
