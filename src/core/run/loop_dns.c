/* loop_dns: names and addresses, without waiting. SPDX-License-Identifier: MIT
 */
#include "core/run/loop_dns.h"

#include <event2/dns.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/loop_internal.h"
#include "core/util/log.h"
#include "core/util/mem.h"

#define HOSTS_LINE 1024
#define HOSTS_LINES 100000

/* Once one family has answered, the other gets so long. */
#define SECOND_ANSWER_US 500000

/* A call belongs to the library's request until its callback; one that is
 * cancelled stays there without `done`. */
struct loop_dns_call {
    struct loop_dns *dns;
    struct loop_dns_call *prev;
    struct loop_dns_call *next;
    loop_dns_done *done;   /* NULL: cancelled, or the other kind */
    loop_dns_found *found; /* the same */
    void *arg;
    struct loop_source *timer; /* tells what there is by then, or NULL */
    unsigned underway;         /* questions for addresses */
    struct addr addrs[LOOP_DNS_ADDRS];
    size_t count;
};

struct loop_dns {
    struct loop *loop;
    struct evdns_base *base;
    struct loop_dns_call *calls;
};

static void log_line(int is_warning, const char *message)
{
    /* Servers that do not answer are the network's business, not ours. */
    if (is_warning)
        log_info("dns", "%s", message);
    else
        log_debug("dns", "%s", message);
}

struct loop_dns *loop_dns_new_forward(struct loop *loop)
{
    struct loop_dns *dns = mem_calloc(1, sizeof(*dns));

    evdns_set_log_fn(log_line);
    dns->loop = loop;
    dns->base =
        evdns_base_new(loop_base(loop), EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (dns->base != NULL)
        evdns_base_resolv_conf_parse(dns->base,
                                     DNS_OPTIONS_ALL & ~DNS_OPTION_HOSTSFILE,
                                     "/etc/resolv.conf");
    return dns;
}

struct loop_dns *loop_dns_new(struct loop *loop)
{
    struct loop_dns *dns = loop_dns_new_forward(loop);

    if (dns->base == NULL || evdns_base_count_nameservers(dns->base) == 0) {
        log_notice("dns", "no name server in /etc/resolv.conf: names are "
                          "learned from the traffic alone");
        loop_dns_free(dns);
        return NULL;
    }
    return dns;
}

static void forget(struct loop_dns_call *call)
{
    if (call->prev != NULL)
        call->prev->next = call->next;
    else
        call->dns->calls = call->next;
    if (call->next != NULL)
        call->next->prev = call->prev;
    loop_source_free(call->timer);
    free(call);
}

void loop_dns_free(struct loop_dns *dns)
{
    if (dns == NULL)
        return;
    if (dns->base != NULL)
        evdns_base_free(dns->base, 0);
    while (dns->calls != NULL)
        forget(dns->calls);
    free(dns);
}

static void on_answer(int error, char type, int count, int ttl_s, void *answers,
                      void *arg)
{
    struct loop_dns_call call = *(struct loop_dns_call *)arg;
    enum loop_dns_result result = LOOP_DNS_FAILED;
    const char *name = NULL;

    forget(arg);
    if (error == DNS_ERR_NONE && type == DNS_PTR && count > 0) {
        result = LOOP_DNS_FOUND;
        name = *(char **)answers;
    } else if (error == DNS_ERR_NOTEXIST || error == DNS_ERR_NODATA) {
        result = LOOP_DNS_NONE;
    }
    if (call.done != NULL)
        call.done(call.arg, result, name, ttl_s > 0 ? (uint32_t)ttl_s : 0);
}

static struct loop_dns_call *call_new(struct loop_dns *dns, void *arg)
{
    struct loop_dns_call *call = mem_calloc(1, sizeof(*call));

    call->dns = dns;
    call->arg = arg;
    call->next = dns->calls;
    if (dns->calls != NULL)
        dns->calls->prev = call;
    dns->calls = call;
    return call;
}

struct loop_dns_call *loop_dns_reverse(struct loop_dns *dns,
                                       const struct addr *addr,
                                       loop_dns_done *done, void *arg)
{
    struct loop_dns_call *call = call_new(dns, arg);
    struct evdns_request *request;
    struct in6_addr v6;
    struct in_addr v4;

    call->done = done;
    memcpy(&v6, addr->bytes, sizeof(v6));
    memcpy(&v4, addr->bytes + 12, sizeof(v4));
    if (addr_is_v4(addr))
        request =
            evdns_base_resolve_reverse(dns->base, &v4, 0, on_answer, call);
    else
        request =
            evdns_base_resolve_reverse_ipv6(dns->base, &v6, 0, on_answer, call);
    if (request != NULL)
        return call;
    forget(call);
    return NULL;
}

static void keep_addr(struct loop_dns_call *call, const struct addr *addr)
{
    if (call->count < LOOP_DNS_ADDRS)
        call->addrs[call->count++] = *addr;
}

/* "address name name ... # remark", as hosts(5) has it. */
static void read_hosts_line(struct loop_dns_call *call, char *line,
                            const char *host)
{
    char *rest = line;
    struct addr addr;
    const char *word;

    line[strcspn(line, "#")] = '\0';
    word = strtok_r(rest, " \t\n", &rest);
    if (word == NULL || !addr_parse(word, &addr))
        return;
    while ((word = strtok_r(NULL, " \t\n", &rest)) != NULL) {
        if (strcasecmp(word, host) == 0) {
            keep_addr(call, &addr);
            return;
        }
    }
}

static void read_hosts(struct loop_dns_call *call, const char *host)
{
    FILE *file = fopen("/etc/hosts", "re");
    char line[HOSTS_LINE];

    if (file == NULL)
        return;
    for (unsigned i = 0;
         i < HOSTS_LINES && fgets(line, sizeof(line), file) != NULL; i++)
        read_hosts_line(call, line, host);
    fclose(file);
}

/* Tell what there is; the call stays until no answer is under way. */
static void tell(struct loop_dns_call *call)
{
    loop_dns_found *found = call->found;
    struct addr addrs[LOOP_DNS_ADDRS];
    size_t count = call->count;
    void *arg = call->arg;

    memcpy(addrs, call->addrs, sizeof(addrs));
    call->found = NULL;
    if (call->underway == 0)
        forget(call);
    if (found != NULL)
        found(arg, addrs, count);
}

static void on_patience(void *arg)
{
    tell(arg);
}

static void on_addresses(int error, char type, int count, int ttl_s,
                         void *answers, void *arg)
{
    struct loop_dns_call *call = arg;
    const char *at = answers;

    (void)ttl_s;
    for (int i = 0; error == DNS_ERR_NONE && i < count; i++) {
        struct addr addr = type == DNS_IPv4_A ? addr_from_v4(at + 4 * i)
                                              : addr_from_v6(at + 16 * i);

        keep_addr(call, &addr);
    }
    call->underway--;
    if (call->underway == 0)
        tell(call);
    else if (call->count > 0)
        call->timer = loop_after(call->dns->loop, SECOND_ANSWER_US, LOOP_PEER,
                                 on_patience, call);
}

static void ask_servers(struct loop_dns_call *call, const char *host)
{
    struct evdns_base *base = call->dns->base;

    if (base == NULL || evdns_base_count_nameservers(base) == 0)
        return;
    if (evdns_base_resolve_ipv6(base, host, 0, on_addresses, call) != NULL)
        call->underway++;
    if (evdns_base_resolve_ipv4(base, host, 0, on_addresses, call) != NULL)
        call->underway++;
}

struct loop_dns_call *loop_dns_forward(struct loop_dns *dns, const char *host,
                                       loop_dns_found *found, void *arg)
{
    struct loop_dns_call *call = call_new(dns, arg);
    struct addr addr;

    call->found = found;
    if (addr_parse(host, &addr))
        keep_addr(call, &addr);
    else
        read_hosts(call, host);
    if (call->count == 0)
        ask_servers(call, host);
    if (call->underway == 0)
        call->timer = loop_after(dns->loop, 0, LOOP_PEER, on_patience, call);
    return call;
}

void loop_dns_cancel(struct loop_dns_call *call)
{
    call->done = NULL;
    call->found = NULL;
}
