/* snmp: questions to agents, without waiting. SPDX-License-Identifier: MIT */
/*
 * A call looks up its host and opens a session of net-snmp (its single session
 * API) for version 2c, later one for version 1. Each has a socket, on which the
 * loop waits, and a timer, when net-snmp sends once more. The first answer to
 * either ends the call. net-snmp calls back from within its reading, so the end
 * is only noted there, and told when that is over.
 */
#include "core/run/snmp.h"

/* First of its headers, as the others want it. */
#include <net-snmp/net-snmp-config.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <net-snmp/library/large_fd_set.h>
#include <net-snmp/net-snmp-includes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/loop_dns.h"
#include "core/util/mem.h"
#include "core/util/utf8.h"

#define SECOND_US 1000000
#define VERSIONS 2
#define WHY_SIZE 256
#define HOST_SIZE 256
#define COMMUNITY_SIZE 256
#define RETRIES 1 /* of each version */

struct session {
    struct snmp_call *call;
    void *handle; /* net-snmp's */
    struct loop_source *readable;
    struct loop_source *timer;
};

struct question {
    oid numbers[MAX_OID_LEN];
    size_t len;
    char text[SNMP_OID_TEXT]; /* as it was asked for */
};

struct snmp_call {
    struct snmp *snmp;
    struct snmp_call *prev;
    struct snmp_call *next;
    snmp_done *done;
    void *arg;

    char host[HOST_SIZE];
    uint16_t port;
    char community[COMMUNITY_SIZE];
    struct question questions[SNMP_OIDS_MAX];
    size_t question_count;
    bool is_next;
    int64_t timeout_us;

    struct loop_dns_call *lookup;
    struct addr addr;
    struct session sessions[VERSIONS];
    struct loop_source *half; /* when version 1 has its turn */
    struct loop_source *deadline;

    bool is_answered;
    char why[WHY_SIZE]; /* of an answer that is an error, or "" */
    struct snmp_value values[SNMP_OIDS_MAX];
    size_t value_count;
};

struct snmp {
    struct loop *loop;
    struct loop_dns *dns;
    struct snmp_call *calls;
    unsigned count;
    unsigned max_calls;
};

/* The library is told to leave the disk and our log alone. */
static void begin_library(void)
{
    static const int off[] = {
        NETSNMP_DS_LIB_DONT_PERSIST_STATE,
        NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD,
        NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE,
        NETSNMP_DS_LIB_DONT_READ_CONFIGS,
    };

    snmp_disable_log();
    for (size_t i = 0; i < sizeof(off) / sizeof(*off); i++)
        netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, off[i], 1);
}

struct snmp *snmp_new(struct loop *loop, unsigned max_calls)
{
    struct snmp *snmp = mem_calloc(1, sizeof(*snmp));

    snmp->loop = loop;
    snmp->max_calls = max_calls;
    return snmp;
}

/* --- The end --- */

static void session_close(struct session *session)
{
    loop_source_free(session->readable);
    loop_source_free(session->timer);
    if (session->handle != NULL)
        snmp_sess_close(session->handle);
    *session = (struct session){.call = session->call};
}

static void call_free(struct snmp_call *call)
{
    if (call->lookup != NULL)
        loop_dns_cancel(call->lookup);
    for (unsigned i = 0; i < VERSIONS; i++)
        session_close(&call->sessions[i]);
    loop_source_free(call->half);
    loop_source_free(call->deadline);
    for (size_t i = 0; i < call->value_count; i++)
        free(call->values[i].text);
    explicit_bzero(call->community, sizeof(call->community));
    free(call);
}

static void unlink_call(struct snmp_call *call)
{
    if (call->prev != NULL)
        call->prev->next = call->next;
    else
        call->snmp->calls = call->next;
    if (call->next != NULL)
        call->next->prev = call->prev;
    call->snmp->count--;
}

void snmp_cancel(struct snmp_call *call)
{
    if (call == NULL)
        return;
    unlink_call(call);
    call_free(call);
}

void snmp_free(struct snmp *snmp)
{
    if (snmp == NULL)
        return;
    while (snmp->calls != NULL)
        snmp_cancel(snmp->calls);
    loop_dns_free(snmp->dns);
    free(snmp);
}

static void tell(struct snmp_call *call, const char *error)
{
    char line[HOST_SIZE + WHY_SIZE];

    if (call->lookup != NULL)
        loop_dns_cancel(call->lookup);
    call->lookup = NULL;
    unlink_call(call);
    if (error != NULL)
        snprintf(line, sizeof(line), "%s: %s", call->host, error);
    call->done(call->arg, error != NULL ? line : NULL, call->values,
               error == NULL ? call->value_count : 0);
    call_free(call);
}

static void on_deadline(void *arg)
{
    struct snmp_call *call = arg;
    char why[WHY_SIZE];

    snprintf(why, sizeof(why), "no answer within %g s",
             (double)call->timeout_us / SECOND_US);
    tell(call, why);
}

/* --- The answer --- */

static char *hex_text(const unsigned char *bytes, size_t len)
{
    char *text = mem_alloc(3 * len + 1);

    text[0] = '\0';
    for (size_t i = 0; i < len; i++)
        sprintf(text + 3 * i, "%02X%s", bytes[i], i + 1 < len ? ":" : "");
    return text;
}

/* Lines and tabs are text, too: descriptions have them. */
static bool is_text(const unsigned char *bytes, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t step = utf8_sequence(bytes + i, len - i);

        if (step == 0 ||
            (utf8_is_control(bytes + i, step) && bytes[i] != '\n' &&
             bytes[i] != '\r' && bytes[i] != '\t'))
            return false;
        i += step;
    }
    return true;
}

static char *string_text(const unsigned char *bytes, size_t len)
{
    char *text;

    if (!is_text(bytes, len))
        return hex_text(bytes, len);
    text = mem_alloc(len + 1);
    memcpy(text, bytes, len);
    text[len] = '\0';
    return text;
}

static void format_oid(char text[SNMP_OID_TEXT], const oid *numbers, size_t len)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < len && used + 24 < SNMP_OID_TEXT; i++)
        used += (size_t)sprintf(text + used, "%s%lu", i > 0 ? "." : "",
                                (unsigned long)numbers[i]);
}

static char *number_text(const netsnmp_variable_list *variable)
{
    char text[32];

    if (variable->type == ASN_COUNTER64)
        snprintf(text, sizeof(text), "%llu",
                 (unsigned long long)variable->val.counter64->high << 32 |
                     (variable->val.counter64->low & UINT32_MAX));
    else if (variable->type == ASN_INTEGER)
        snprintf(text, sizeof(text), "%ld", *variable->val.integer);
    else
        snprintf(text, sizeof(text), "%lu",
                 (unsigned long)*variable->val.integer & UINT32_MAX);
    return mem_strdup(text);
}

/* NULL: the agent says that it has none. */
static char *value_text(const netsnmp_variable_list *variable)
{
    char text[SNMP_OID_TEXT];

    switch (variable->type) {
    case ASN_INTEGER:
    case ASN_COUNTER:
    case ASN_GAUGE:
    case ASN_TIMETICKS:
    case ASN_UINTEGER:
    case ASN_COUNTER64:
        return number_text(variable);
    case ASN_OBJECT_ID:
        format_oid(text, variable->val.objid, variable->val_len / sizeof(oid));
        return mem_strdup(text);
    case ASN_IPADDRESS:
        if (variable->val_len != 4 || inet_ntop(AF_INET, variable->val.string,
                                                text, sizeof(text)) == NULL)
            return NULL;
        return mem_strdup(text);
    case ASN_OCTET_STR:
        return string_text(variable->val.string, variable->val_len);
    case ASN_NULL:
    case SNMP_NOSUCHOBJECT:
    case SNMP_NOSUCHINSTANCE:
    case SNMP_ENDOFMIBVIEW:
        return NULL;
    default:
        return hex_text(variable->val.string, variable->val_len);
    }
}

/* An OID that was asked for keeps its spelling. */
static void name_value(const struct snmp_call *call, struct snmp_value *value,
                       const netsnmp_variable_list *variable)
{
    format_oid(value->oid, variable->name, variable->name_length);
    for (size_t i = 0; i < call->question_count && !call->is_next; i++)
        if (snmp_oid_compare(call->questions[i].numbers, call->questions[i].len,
                             variable->name, variable->name_length) == 0)
            memcpy(value->oid, call->questions[i].text, sizeof(value->oid));
}

static void take_answer(struct snmp_call *call, const netsnmp_pdu *pdu)
{
    call->is_answered = true;
    if (pdu->errstat != SNMP_ERR_NOERROR) {
        snprintf(call->why, sizeof(call->why), "%s",
                 snmp_errstring((int)pdu->errstat));
        return;
    }
    for (const netsnmp_variable_list *at = pdu->variables;
         at != NULL && call->value_count < SNMP_OIDS_MAX;
         at = at->next_variable) {
        struct snmp_value *value = &call->values[call->value_count];

        value->text = value_text(at);
        if (value->text == NULL)
            continue;
        name_value(call, value, at);
        call->value_count++;
    }
    if (call->value_count == 0)
        snprintf(call->why, sizeof(call->why), "it has no such object");
}

static int on_pdu(int operation, netsnmp_session *session, int number,
                  netsnmp_pdu *pdu, void *arg)
{
    struct snmp_call *call = arg;

    (void)session;
    (void)number;
    if (operation == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE && pdu != NULL &&
        pdu->command == SNMP_MSG_RESPONSE && !call->is_answered)
        take_answer(call, pdu);
    return 1;
}

/* --- The question --- */

static void finish(struct snmp_call *call)
{
    if (call->is_answered)
        tell(call, call->why[0] != '\0' ? call->why : NULL);
}

static void set_timer(struct session *session);

static void on_timer(void *arg)
{
    struct session *session = arg;

    snmp_sess_timeout(session->handle);
    set_timer(session);
}

/* When net-snmp wants to send again. */
static void set_timer(struct session *session)
{
    netsnmp_large_fd_set none;
    struct timeval wait = {.tv_sec = 0};
    int count = 0, is_blocking = 1;
    int64_t wait_us;

    loop_source_free(session->timer);
    session->timer = NULL;
    netsnmp_large_fd_set_init(&none, FD_SETSIZE);
    NETSNMP_LARGE_FD_ZERO(&none);
    snmp_sess_select_info2(session->handle, &count, &none, &wait, &is_blocking);
    netsnmp_large_fd_set_cleanup(&none);
    if (is_blocking)
        return; /* nothing is under way any more */
    wait_us = (int64_t)wait.tv_sec * SECOND_US + wait.tv_usec;
    session->timer = loop_after(session->call->snmp->loop, wait_us + 1000,
                                LOOP_PEER, on_timer, session);
}

static void on_readable(void *arg)
{
    struct session *session = arg;
    struct snmp_call *call = session->call;
    int fd = snmp_sess_transport(session->handle)->sock;
    netsnmp_large_fd_set ready;

    netsnmp_large_fd_set_init(&ready,
                              fd + 1 > FD_SETSIZE ? fd + 1 : FD_SETSIZE);
    NETSNMP_LARGE_FD_ZERO(&ready);
    NETSNMP_LARGE_FD_SET(fd, &ready);
    snmp_sess_read2(session->handle, &ready);
    netsnmp_large_fd_set_cleanup(&ready);
    finish(call);
}

static bool send_pdu(struct session *session)
{
    const struct snmp_call *call = session->call;
    netsnmp_pdu *pdu =
        snmp_pdu_create(call->is_next ? SNMP_MSG_GETNEXT : SNMP_MSG_GET);

    for (size_t i = 0; pdu != NULL && i < call->question_count; i++)
        snmp_add_null_var(pdu, call->questions[i].numbers,
                          call->questions[i].len);
    if (pdu != NULL &&
        snmp_sess_async_send(session->handle, pdu, on_pdu, session->call) != 0)
        return true;
    if (pdu != NULL)
        snmp_free_pdu(pdu);
    return false;
}

static bool session_open(struct session *session, struct snmp_call *call,
                         long version)
{
    char address[ADDR_TEXT_SIZE], peer[ADDR_TEXT_SIZE + 32];
    netsnmp_session wanted;
    int fd;

    addr_format(&call->addr, address);
    snprintf(peer, sizeof(peer),
             addr_is_v4(&call->addr) ? "udp:%s:%u" : "udp6:[%s]:%u", address,
             (unsigned)call->port);
    snmp_sess_init(&wanted);
    wanted.version = version;
    wanted.peername = peer;
    wanted.community = (u_char *)call->community;
    wanted.community_len = strlen(call->community);
    wanted.retries = RETRIES;
    wanted.timeout = (long)(call->timeout_us / 2 / (RETRIES + 1));
    session->call = call;
    session->handle = snmp_sess_open(&wanted);
    if (session->handle == NULL)
        return false;
    fd = snmp_sess_transport(session->handle)->sock;
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    session->readable = loop_on_fd(call->snmp->loop, fd, LOOP_READ, LOOP_PEER,
                                   on_readable, session);
    if (session->readable == NULL || !send_pdu(session)) {
        session_close(session);
        return false;
    }
    set_timer(session);
    return true;
}

/* It has said nothing so far: an old one, perhaps. */
static void on_half(void *arg)
{
    struct snmp_call *call = arg;

    session_open(&call->sessions[1], call, SNMP_VERSION_1);
}

/* The first address of a family that can be sent to. */
static bool open_any(struct snmp_call *call, const struct addr *addrs,
                     size_t count, bool is_v4)
{
    for (size_t i = 0; i < count; i++) {
        call->addr = addrs[i];
        if (addr_is_v4(&addrs[i]) == is_v4 &&
            session_open(&call->sessions[0], call, SNMP_VERSION_2c))
            return true;
    }
    return false;
}

/* Agents of devices speak IPv4 rather than IPv6. */
static void on_found(void *arg, const struct addr *addrs, size_t count)
{
    struct snmp_call *call = arg;

    call->lookup = NULL;
    if (count == 0)
        tell(call, "no such host");
    else if (!open_any(call, addrs, count, true) &&
             !open_any(call, addrs, count, false))
        tell(call, "cannot send to it");
}

/* --- What is asked --- */

/* "1.3.6.1" or ".1.3.6.1" */
static bool parse_oid(struct question *question, const char *text)
{
    const char *at = text + (text[0] == '.');

    if (strlen(text) >= sizeof(question->text))
        return false;
    snprintf(question->text, sizeof(question->text), "%s", text);
    for (;;) {
        char *end;
        unsigned long number;

        if (*at < '0' || *at > '9' || question->len == MAX_OID_LEN)
            return false;
        number = strtoul(at, &end, 10);
        if (number > UINT32_MAX)
            return false;
        question->numbers[question->len++] = number;
        if (*end == '\0')
            return question->len >= 2;
        if (*end != '.')
            return false;
        at = end + 1;
    }
}

static bool parse_port(uint16_t *port, const char *text)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end != '\0' || number == 0 ||
        number > UINT16_MAX)
        return false;
    *port = (uint16_t)number;
    return true;
}

/* "host", "host:port", "[v6]:port"; an address of IPv6 needs no brackets when
 * it stands alone. */
static bool parse_host(struct snmp_call *call, const char *text)
{
    const char *port = NULL;
    size_t len = strlen(text);
    struct addr addr;

    call->port = SNMP_PORT;
    if (text[0] == '[') {
        const char *end = strchr(text, ']');

        if (end == NULL || (end[1] != '\0' && end[1] != ':'))
            return false;
        text++;
        len = (size_t)(end - text);
        port = end[1] == ':' ? end + 2 : NULL;
    } else if (!addr_parse(text, &addr) && strchr(text, ':') != NULL) {
        len = strcspn(text, ":");
        port = text + len + 1;
    }
    if (len == 0 || len >= sizeof(call->host))
        return false;
    memcpy(call->host, text, len);
    return port == NULL || parse_port(&call->port, port);
}

/* @return what is wrong, or NULL */
static const char *take_request(struct snmp_call *call,
                                const struct snmp_request *request)
{
    if (!parse_host(call, request->host))
        return "no host, or no port behind it";
    if (strlen(request->community) >= sizeof(call->community))
        return "the community is too long";
    snprintf(call->community, sizeof(call->community), "%s",
             request->community);
    if (request->oid_count == 0 || request->oid_count > SNMP_OIDS_MAX)
        return "no OID, or too many";
    for (size_t i = 0; i < request->oid_count; i++)
        if (!parse_oid(&call->questions[call->question_count++],
                       request->oids[i]))
            return "an OID has numbers and dots";
    call->is_next = request->is_next;
    call->timeout_us =
        request->timeout_us > 0 ? request->timeout_us : SNMP_TIMEOUT_US;
    return NULL;
}

/* As the files in /etc are now, unless others are still asking. */
static void renew_dns(struct snmp *snmp)
{
    if (snmp->count > 0)
        return;
    if (snmp->dns == NULL)
        begin_library();
    loop_dns_free(snmp->dns);
    snmp->dns = loop_dns_new_forward(snmp->loop);
}

struct snmp_call *snmp_ask(struct snmp *snmp,
                           const struct snmp_request *request, snmp_done *done,
                           void *arg, struct strbuf *error)
{
    struct snmp_call *call = mem_calloc(1, sizeof(*call));
    const char *wrong = snmp->count == snmp->max_calls
                            ? "too many requests at once"
                            : take_request(call, request);

    if (wrong != NULL) {
        strbuf_puts(error, wrong);
        free(call);
        return NULL;
    }
    renew_dns(snmp);
    call->snmp = snmp;
    call->done = done;
    call->arg = arg;
    call->next = snmp->calls;
    if (snmp->calls != NULL)
        snmp->calls->prev = call;
    snmp->calls = call;
    snmp->count++;
    for (unsigned i = 0; i < VERSIONS; i++)
        call->sessions[i].call = call;
    call->deadline =
        loop_after(snmp->loop, call->timeout_us, LOOP_PEER, on_deadline, call);
    call->half =
        loop_after(snmp->loop, call->timeout_us / 2, LOOP_PEER, on_half, call);
    call->lookup = loop_dns_forward(snmp->dns, call->host, on_found, call);
    return call;
}
