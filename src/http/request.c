/* request: what a client asks, read once and for all.
 * SPDX-License-Identifier: MIT */
#include "http/request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/util/mem.h"
#include "core/util/utf8.h"

const char *request_header(const struct request *request, const char *name)
{
    return head_get(&request->head, name);
}

bool request_body_is(const struct request *request, const char *type)
{
    const char *given = request_header(request, "Content-Type");
    size_t len = strlen(type);

    return given != NULL && strncasecmp(given, type, len) == 0 &&
           (given[len] == '\0' || given[len] == ';' || given[len] == ' ' ||
            given[len] == '\t');
}

/* The last item of a comma separated list, which is cut off there. */
static char *cut_last(char *list)
{
    char *comma = strrchr(list, ',');
    char *item = comma != NULL ? comma + 1 : list;
    size_t len;

    if (comma != NULL)
        *comma = '\0';
    item += strspn(item, " \t");
    len = strlen(item);
    while (len > 0 && (item[len - 1] == ' ' || item[len - 1] == '\t'))
        item[--len] = '\0';
    return item;
}

/* Each proxy adds whom it heard from at the end, so from there on back the
 * first that is no trusted proxy is the client; what is before it anybody
 * may have written. */
static void follow_proxies(struct request *request,
                           const struct request_origin *origin)
{
    const char *given = request_header(request, "X-Forwarded-For");
    char *list = given != NULL ? mem_strdup(given) : NULL;
    bool is_left = list != NULL;

    while (is_left && network_find(origin->trusted, &request->peer) >= 0) {
        struct addr before;
        char *item;

        is_left = strchr(list, ',') != NULL;
        item = cut_last(list);
        if (!addr_parse(item, &before))
            break;
        request->peer = before;
    }
    free(list);
}

static void find_client(struct request *request,
                        const struct request_origin *origin)
{
    const char *protocol = request_header(request, "X-Forwarded-Proto");

    request->peer = origin->peer;
    request->is_secure = origin->is_tls;
    if (origin->trusted != NULL &&
        network_find(origin->trusted, &origin->peer) >= 0) {
        follow_proxies(request, origin);
        request->is_proxied = !addr_equal(&request->peer, &origin->peer);
        if (protocol != NULL)
            request->is_secure = strcasecmp(protocol, "https") == 0;
    }
    /* A proxy on this machine that nobody named would make everybody local. */
    request->is_local = addr_is_loopback(&request->peer) &&
                        (!addr_equal(&request->peer, &origin->peer) ||
                         (request_header(request, "X-Forwarded-For") == NULL &&
                          request_header(request, "Forwarded") == NULL &&
                          request_header(request, "X-Real-IP") == NULL));
}

int request_read(struct request *request, struct head *head, char *body,
                 size_t body_len, const struct request_origin *origin)
{
    const char *target = head->target;
    size_t path_len = strcspn(target, "?");
    const char *cookies;

    *request =
        (struct request){.head = *head, .body = body, .body_len = body_len};
    *head = (struct head){0};
    request->query_text = target + path_len + (target[path_len] == '?');
    find_client(request, origin);
    if (!path_decode(target, path_len, request->path))
        return 400;
    path_strip(request->path, origin->prefix);
    if (!params_parse(&request->query, request->query_text,
                      strlen(request->query_text)))
        return 400;
    cookies = request_header(request, "Cookie");
    if (cookies != NULL)
        params_parse_cookies(&request->cookies, cookies);
    if (body_len > 0 &&
        request_body_is(request, "application/x-www-form-urlencoded") &&
        !params_parse(&request->form, body, body_len))
        return 400;
    return 200;
}

void request_free(struct request *request)
{
    head_free(&request->head);
    params_free(&request->query);
    params_free(&request->form);
    params_free(&request->cookies);
    free(request->body);
    user_release(request->account);
    *request = (struct request){0};
}

static int base64_value(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;

    return at != NULL ? (int)(at - digits) : -1;
}

/* Into `to` and a NUL. @return false when it is no base64 (RFC 4648), has a
 * NUL inside, or does not fit. */
static bool decode_base64(char *to, size_t size, const char *text)
{
    size_t len = strlen(text);
    unsigned bits = 0;
    unsigned held = 0;
    size_t used = 0;

    while (len > 0 && text[len - 1] == '=')
        len--;
    if (strlen(text) - len > 2)
        return false;
    for (size_t i = 0; i < len; i++) {
        int value = base64_value(text[i]);

        if (value < 0)
            return false;
        held = (held << 6 | (unsigned)value) & 0xffff;
        bits += 6;
        if (bits < 8)
            continue;
        bits -= 8;
        if (used + 1 >= size || (held >> bits & 0xff) == 0)
            return false;
        to[used++] = (char)(held >> bits & 0xff);
    }
    to[used] = '\0';
    return true;
}

bool request_basic(const struct request *request,
                   char user[REQUEST_USER_MAX + 1],
                   char password[REQUEST_PASSWORD_MAX + 1])
{
    char both[REQUEST_USER_MAX + REQUEST_PASSWORD_MAX + 2];
    const char *given = request_header(request, "Authorization");
    char *colon = NULL;
    bool is_good;

    if (given == NULL || strncasecmp(given, "Basic ", 6) != 0 ||
        !decode_base64(both, sizeof(both), given + 6 + strspn(given + 6, " ")))
        return false;
    colon = strchr(both, ':');
    is_good = colon != NULL && colon > both &&
              colon - both <= REQUEST_USER_MAX &&
              strlen(colon + 1) <= REQUEST_PASSWORD_MAX;
    if (is_good) {
        *colon = '\0';
        memcpy(user, both, strlen(both) + 1);
        memcpy(password, colon + 1, strlen(colon + 1) + 1);
    }
    explicit_bzero(both, sizeof(both));
    return is_good;
}
