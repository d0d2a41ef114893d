/* loop_dns: names of addresses, without waiting. SPDX-License-Identifier: MIT
 */
#include "core/run/loop_dns.h"

#include <event2/dns.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/loop_internal.h"
#include "core/util/log.h"
#include "core/util/mem.h"

/* A call belongs to the library's request until its callback; one that is
 * cancelled stays there without `done`. */
struct loop_dns_call {
    struct loop_dns *dns;
    struct loop_dns_call *prev;
    struct loop_dns_call *next;
    loop_dns_done *done; /* NULL: cancelled */
    void *arg;
};

struct loop_dns {
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

struct loop_dns *loop_dns_new(struct loop *loop)
{
    struct loop_dns *dns = mem_calloc(1, sizeof(*dns));

    evdns_set_log_fn(log_line);
    dns->base =
        evdns_base_new(loop_base(loop), EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (dns->base != NULL)
        evdns_base_resolv_conf_parse(dns->base,
                                     DNS_OPTIONS_ALL & ~DNS_OPTION_HOSTSFILE,
                                     "/etc/resolv.conf");
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

struct loop_dns_call *loop_dns_reverse(struct loop_dns *dns,
                                       const struct addr *addr,
                                       loop_dns_done *done, void *arg)
{
    struct loop_dns_call *call = mem_calloc(1, sizeof(*call));
    struct evdns_request *request;
    struct in6_addr v6;
    struct in_addr v4;

    *call = (struct loop_dns_call){.dns = dns, .done = done, .arg = arg};
    call->next = dns->calls;
    if (dns->calls != NULL)
        dns->calls->prev = call;
    dns->calls = call;
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

void loop_dns_cancel(struct loop_dns_call *call)
{
    call->done = NULL;
}
