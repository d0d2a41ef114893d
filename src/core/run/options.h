/* options: what the admin asked for. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_OPTIONS_H
#define KELVIN_RUN_OPTIONS_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/util/strbuf.h"

/*
 * The options themselves (names, types, ranges, defaults, help) are the rows
 * of option_table.c; command line, configuration file and usage text all read
 * those. Here is only where their values end up. A text that was not given
 * and has no default is NULL, such a number -1.
 */

/* In the order given; repeating the option appends. */
struct options_list {
    char **items;
    size_t count;
};

/* One -i, "NAME" or "NAME;FILTER". */
struct options_interface {
    char *given;
    char *name;   /* interface, capture file, "-", or a ".list" */
    char *filter; /* BPF; NULL: that of -B, if any */
};

/* Of which hosts, for -D and -S: bits. */
enum options_hosts {
    OPTIONS_HOSTS_NONE = 0,
    OPTIONS_HOSTS_LOCAL = 1,
    OPTIONS_HOSTS_REMOTE = 2,
    OPTIONS_HOSTS_ALL = OPTIONS_HOSTS_LOCAL | OPTIONS_HOSTS_REMOTE,
};

/* States of a flow that have their own idle time-out, for --flow-timeout. */
enum options_flow_class {
    OPTIONS_FLOW_TCP_OPENING,     /* no handshake seen to its end */
    OPTIONS_FLOW_TCP_ESTABLISHED, /* data may pass */
    OPTIONS_FLOW_TCP_CLOSED,      /* both FINs, or RST */
    OPTIONS_FLOW_UDP,
    OPTIONS_FLOW_ICMP,
    OPTIONS_FLOW_OTHER,
    OPTIONS_FLOW_CLASSES
};

struct options {
    /* Input */
    struct options_interface *interfaces; /* none: that of the default route */
    size_t interface_count;
    char *packet_filter; /* BPF for all interfaces */
    bool no_promiscuous;
    int capture_direction; /* 0 both, 1 incoming, 2 outgoing */
    int snaplen;           /* bytes kept of a frame */
    int buffer_size;       /* MiB of the kernel's buffer per interface */
    bool tunnel_outer;     /* flows by the outer addresses of tunnels */

    /* Analysis */
    char *local_networks;                   /* CIDR list, not yet checked */
    int dns_mode;                           /* 0..3 as -n counts them */
    int max_flows;                          /* per interface */
    int max_hosts;                          /* per interface */
    int flow_timeout[OPTIONS_FLOW_CLASSES]; /* seconds */
    bool flow_timeout_given[OPTIONS_FLOW_CLASSES];
    char *ndpi_protocols;                   /* file, absolute */
    struct options_list geoip;              /* MMDB files, absolute */
    enum options_hosts sticky_hosts;
    enum options_hosts dump_hosts;
    bool disable_alerts;

    /* Output */
    struct options_list dump_flows; /* "KIND;..." each, not yet checked */
    char *instance_name;            /* NULL: the host name */
    char *redis;                    /* for store_target_parse(), or NULL */
    char *rrdcached;                /* for series_check(), or NULL */
    bool shutdown_when_done;
    bool progress;

    /* Web; addresses are as given */
    struct options_list http_port;  /* "[addr:]port" each; none: 3000 */
    struct options_list https_port; /* the same; none: off */
    char *https_cert;               /* PEM files, absolute; NULL: its own */
    char *https_key;                /* NULL: in the same file */
    char *http_prefix;              /* NULL: none */
    char *access_log;               /* NULL: as the preference says */
    char *trusted_proxies;          /* CIDR list, not yet checked; NULL: none */
    int disable_login; /* -1: login for all, 0: not from here, 1: for none */
    bool disable_autologout;
    char *httpdocs_dir; /* relative to install_dir unless absolute */
    char *scripts_dir;
    char *callbacks_dir;

    /* Process */
    char *data_dir;    /* absolute, never NULL after options_parse() */
    char *install_dir; /* absolute; NULL: where kelvin was installed */
    bool daemon;
    char *pid_file; /* absolute; NULL: none */
    char *user;     /* NULL: kelvin if it exists, else nobody */
    bool dont_change_user;
    cpu_set_t cores; /* CPU_COUNT() 0: any */
    int verbosity;   /* for log_set_verbosity(); -1: as the preference */
    char *log_file;  /* absolute; NULL: standard error, or syslog */
    bool syslog;

    /* Errands */
    char *run;                         /* script, absolute */
    struct options_list run_arguments; /* all words after it */
    int run_after;                     /* seconds */
    char *set_password;                /* of this user */
    char *test_export;                 /* spec as for -F */
    bool print_ndpi_protocols;
    bool print_fields;
};

enum options_result {
    OPTIONS_RUN,     /* go on */
    OPTIONS_EXIT_OK, /* help or version has been printed */
    OPTIONS_BAD,     /* the error says why; exit status 2 */
    OPTIONS_FAILED,  /* it could not be printed, the error says why */
};

/*
 * Read the command line, `kelvin [options]` or `kelvin FILE [options]`.
 * Reads the environment and the working directory to make paths absolute,
 * since a daemon leaves that directory.
 * @param options is filled whatever the result; give it to options_free().
 * @param error gets one line without "kelvin: " and newline when
 * OPTIONS_BAD or OPTIONS_FAILED; its control characters are masked.
 */
enum options_result options_parse(int argc, char *const *argv,
                                  struct options *options,
                                  struct strbuf *error);

/* Free the values; the struct itself is the caller's. */
void options_free(struct options *options);

/*
 * Overwrite the values that may contain passwords with '*', so that the list
 * of processes does not show them. For the words that options_parse()
 * accepted, when those are no longer needed: it keeps copies.
 */
void options_hide_secrets(int argc, char **argv);

#endif
