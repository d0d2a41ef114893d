/* option_table: every option there is. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_OPTION_TABLE_H
#define KELVIN_RUN_OPTION_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/util/strbuf.h"

/* What an option's value is, and with it the type of its member. */
enum option_type {
    OPTION_FLAG,      /* bool, no value */
    OPTION_INT,       /* int in min..max */
    OPTION_TEXT,      /* char *, of min..max bytes */
    OPTION_PATH,      /* char *, made absolute */
    OPTION_LIST,      /* struct options_list, repeatable */
    OPTION_PATHS,     /* struct options_list of absolute paths, repeatable */
    OPTION_HOSTS,     /* enum options_hosts */
    OPTION_CORES,     /* cpu_set_t, from "0,2-3" */
    OPTION_INTERFACE, /* struct options_interface, repeatable */
    OPTION_TIMEOUT,   /* int[OPTIONS_FLOW_CLASSES], CLASS=SECONDS,... */
    OPTION_RUN,       /* a path that takes all words after it */
    OPTION_HELP,
    OPTION_VERSION,
};

enum option_group {
    OPTION_GROUP_INPUT,
    OPTION_GROUP_ANALYSIS,
    OPTION_GROUP_OUTPUT,
    OPTION_GROUP_WEB,
    OPTION_GROUP_PROCESS,
    OPTION_GROUP_ERRANDS,
    OPTION_GROUPS
};

struct option_row {
    char short_name; /* 0: none */
    const char *name;
    const char *argument; /* as the usage text names it; NULL: none */
    enum option_type type;
    enum option_group group;
    size_t offset; /* of the member in struct options */
    long min;      /* of the number, or of the length of the text */
    long max;
    const char *preset;  /* what it is when not given; NULL: nothing */
    const char *unit;    /* of the number; NULL: none */
    const char *help;    /* sentence for the usage text */
    const char *unasked; /* what happens when not given, if no preset */
    bool unquote;        /* enclosing quotes go, also on the command line */
    bool secret;         /* may contain a password */
    /* Of a text: whether it means something; says why not. NULL: any does. */
    bool (*check)(const char *value, struct strbuf *reason);
};

/* All rows; `*count` is how many. */
const struct option_row *option_rows(size_t *count);

/* The title of a group in the usage text. */
const char *option_group_title(enum option_group group);

#endif
