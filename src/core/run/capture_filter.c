/* capture_filter: BPF for the frames of files. SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/capture_internal.h"
#include "core/util/mem.h"

/*
 * A filter is text until a link type is known, and pcapng files may have
 * several. Link types that it makes no sense for are kept too, as matching
 * nothing.
 */
#define MAX_LINKS 64

struct compiled {
    int link_type;
    bool is_valid;
    struct bpf_program program;
};

struct capture_filter {
    char *expression;
    struct compiled links[MAX_LINKS];
    unsigned count;
    unsigned last; /* matched last: most files have one link type */
};

struct capture_filter *capture_filter_new(const char *expression)
{
    struct capture_filter *filter = mem_calloc(1, sizeof(*filter));

    filter->expression = mem_strdup(expression);
    return filter;
}

void capture_filter_free(struct capture_filter *filter)
{
    if (filter == NULL)
        return;
    for (unsigned i = 0; i < filter->count; i++)
        if (filter->links[i].is_valid)
            pcap_freecode(&filter->links[i].program);
    free(filter->expression);
    free(filter);
}

/* @return false with libpcap's words in `error`, which may be NULL. */
static bool compile(const char *expression, int link_type,
                    struct bpf_program *program, char *error)
{
    pcap_t *pcap = pcap_open_dead(link_type, CAPTURE_MAX_SNAPLEN);
    bool is_good;

    if (pcap == NULL) {
        if (error != NULL)
            capture_fail(error, "out of memory");
        return false;
    }
    is_good =
        pcap_compile(pcap, program, expression, 1, PCAP_NETMASK_UNKNOWN) == 0;
    if (!is_good && error != NULL)
        capture_fail(error, "%s", pcap_geterr(pcap));
    pcap_close(pcap);
    return is_good;
}

/* The length of the longest run of whole words from the start that makes a
 * filter. libpcap does not tell where it stopped. */
static size_t sensible_length(const char *filter, int link_type)
{
    char *part = mem_strdup(filter);
    size_t len = strlen(part);

    while (len > 0) {
        struct bpf_program program;

        while (len > 0 && !isspace((unsigned char)part[len - 1]))
            len--;
        while (len > 0 && isspace((unsigned char)part[len - 1]))
            len--;
        part[len] = '\0';
        if (len > 0 && compile(part, link_type, &program, NULL)) {
            pcap_freecode(&program);
            break;
        }
    }
    free(part);
    return len;
}

void capture_filter_fail(char *error, const char *filter, int link_type,
                         const char *reason)
{
    size_t good = sensible_length(filter, link_type);

    capture_fail(error, "bad filter '%s', at character %zu ('%.40s'): %s",
                 filter, good + 1,
                 filter + good + strspn(filter + good, " \t\n"), reason);
}

bool capture_filter_check(const char *filter, char *error)
{
    static const int link_types[] = {DLT_EN10MB, DLT_IEEE802_11_RADIO,
                                     DLT_LINUX_SLL2, DLT_PPP, DLT_PFLOG};
    char reason[CAPTURE_ERROR_SIZE];

    for (size_t i = 0; i < sizeof(link_types) / sizeof(*link_types); i++) {
        struct bpf_program program;
        char *why = i == 0 ? reason : NULL;

        if (compile(filter, link_types[i], &program, why)) {
            pcap_freecode(&program);
            return true;
        }
    }
    capture_filter_fail(error, filter, link_types[0], reason);
    return false;
}

static struct compiled *find(struct capture_filter *filter, int link_type)
{
    if (filter->last < filter->count &&
        filter->links[filter->last].link_type == link_type)
        return &filter->links[filter->last];
    for (unsigned i = 0; i < filter->count; i++) {
        if (filter->links[i].link_type == link_type) {
            filter->last = i;
            return &filter->links[i];
        }
    }
    return NULL;
}

bool capture_filter_add(struct capture_filter *filter, int link_type,
                        char *error)
{
    char reason[CAPTURE_ERROR_SIZE];
    struct compiled *link;

    if (find(filter, link_type) != NULL)
        return true;
    if (filter->count == MAX_LINKS) {
        capture_fail(error, "too many link types to filter");
        return false;
    }
    link = &filter->links[filter->count++];
    link->link_type = link_type;
    link->is_valid =
        compile(filter->expression, link_type, &link->program, reason);
    if (!link->is_valid)
        capture_filter_fail(error, filter->expression, link_type, reason);
    return link->is_valid;
}

bool capture_filter_match(struct capture_filter *filter,
                          const struct frame *frame)
{
    const struct compiled *link = find(filter, frame->link_type);
    struct pcap_pkthdr header = {.caplen = frame->captured_len,
                                 .len = frame->wire_len};

    return link != NULL && link->is_valid &&
           pcap_offline_filter(&link->program, &header, frame->bytes) != 0;
}
