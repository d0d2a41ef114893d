/* loop_url: where a request goes. SPDX-License-Identifier: MIT */
#include "core/run/loop_url.h"

#include <event2/http.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/mem.h"

#define URL_MAX 8192
#define PORT_HTTP 80
#define PORT_HTTPS 443

static bool fail(struct strbuf *error, const char *why, const char *text)
{
    if (error != NULL)
        strbuf_printf(error, "%s: %.200s", why, text);
    return false;
}

static int from_hex(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    digit |= 0x20;
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* Undo %XX of user or password. */
static char *decode(const char *text, size_t len)
{
    char *out = mem_alloc(len + 1);
    size_t used = 0;

    for (size_t i = 0; i < len; i++) {
        if (text[i] == '%' && i + 2 < len && from_hex(text[i + 1]) >= 0 &&
            from_hex(text[i + 2]) >= 0) {
            out[used++] =
                (char)(from_hex(text[i + 1]) * 16 + from_hex(text[i + 2]));
            i += 2;
        } else {
            out[used++] = text[i];
        }
    }
    out[used] = '\0';
    return out;
}

static void set_user(struct loop_url *url, const char *info)
{
    const char *colon;

    if (info == NULL || info[0] == '\0')
        return;
    colon = strchr(info, ':');
    url->user =
        decode(info, colon != NULL ? (size_t)(colon - info) : strlen(info));
    if (colon != NULL)
        url->password = decode(colon + 1, strlen(colon + 1));
}

static void set_host(struct loop_url *url, const char *host)
{
    size_t len = strlen(host);

    if (host[0] == '[' && host[len - 1] == ']') {
        host++;
        len -= 2;
    }
    url->host = mem_alloc(len + 1);
    memcpy(url->host, host, len);
    url->host[len] = '\0';
}

static void set_path(struct loop_url *url, const struct evhttp_uri *parts)
{
    const char *path = evhttp_uri_get_path(parts);
    const char *query = evhttp_uri_get_query(parts);
    struct strbuf text;

    strbuf_init(&text, 2 * URL_MAX);
    strbuf_puts(&text, path == NULL || path[0] != '/' ? "/" : "");
    strbuf_puts(&text, path != NULL ? path : "");
    if (query != NULL) {
        strbuf_puts(&text, "?");
        strbuf_puts(&text, query);
    }
    url->path = strbuf_take(&text);
}

/* What libevent has taken apart. */
static bool take(struct loop_url *url, const struct evhttp_uri *parts)
{
    const char *scheme = evhttp_uri_get_scheme(parts);
    const char *host = evhttp_uri_get_host(parts);
    int port = evhttp_uri_get_port(parts);

    if (scheme == NULL || host == NULL || host[0] == '\0' || port == 0 ||
        port > UINT16_MAX)
        return false;
    url->is_tls = strcasecmp(scheme, "https") == 0;
    if (!url->is_tls && strcasecmp(scheme, "http") != 0)
        return false;
    url->port = port > 0      ? (uint16_t)port
                : url->is_tls ? PORT_HTTPS
                              : PORT_HTTP;
    set_host(url, host);
    set_path(url, parts);
    set_user(url, evhttp_uri_get_userinfo(parts));
    return true;
}

bool loop_url_parse(struct loop_url *url, const char *text,
                    struct strbuf *error)
{
    struct evhttp_uri *parts;
    bool is_good;

    *url = (struct loop_url){.is_tls = false};
    if (strlen(text) > URL_MAX)
        return fail(error, "the URL is too long", text);
    parts = evhttp_uri_parse(text);
    is_good = parts != NULL && take(url, parts);
    if (parts != NULL)
        evhttp_uri_free(parts);
    if (is_good)
        return true;
    /* Not the text: there may be a password in it. */
    return fail(error, "no URL of http or https",
                strchr(text, '@') == NULL ? text : "(not shown)");
}

/* RFC 3986, 5.2.4, in place: "/a/b/../c/./d" is "/a/c/d". */
static void remove_dots(char *path)
{
    char *in = path, *out = path;

    while (*in != '\0' && *in != '?') {
        size_t len = 1 + strcspn(in + 1, "/?");
        bool is_last = in[len] == '\0' || in[len] == '?';

        if (len == 2 && in[1] == '.') {
            if (is_last)
                *out++ = '/';
        } else if (len == 3 && in[1] == '.' && in[2] == '.') {
            while (out > path && *--out != '/')
                ;
            if (is_last)
                *out++ = '/';
        } else {
            memmove(out, in, len);
            out += len;
        }
        in += len;
    }
    if (out == path)
        *out++ = '/';
    memmove(out, in, strlen(in) + 1);
}

static bool has_scheme(const char *text)
{
    size_t len = strcspn(text, ":/?#");

    return len > 0 && text[len] == ':';
}

/* What servers put into a Location that has no place there, as browsers take
 * it: blanks, quotes, bytes past ASCII. */
static void add_encoded(struct strbuf *out, const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0';
         at++) {
        if (*at <= ' ' || *at >= 0x7f || strchr("\"<>\\^`{|}", *at) != NULL)
            strbuf_printf(out, "%%%02X", *at);
        else
            strbuf_add(out, at, 1);
    }
}

/* Make it absolute (RFC 3986, 5.2.2). */
static void resolve(const struct loop_url *base, const char *location,
                    struct strbuf *out)
{
    size_t path = strcspn(base->path, "?");

    if (has_scheme(location)) {
        add_encoded(out, location);
        return;
    }
    strbuf_puts(out, base->is_tls ? "https:" : "http:");
    if (location[0] == '/' && location[1] == '/') {
        add_encoded(out, location);
        return;
    }
    strbuf_puts(out, "//");
    loop_url_add_host(base, out);
    if (location[0] == '\0' || location[0] == '#')
        path = strlen(base->path);
    else if (location[0] == '/')
        path = 0;
    else if (location[0] != '?')
        while (path > 0 && base->path[path - 1] != '/')
            path--;
    strbuf_add(out, base->path, path);
    add_encoded(out, location);
}

bool loop_url_join(struct loop_url *url, const struct loop_url *base,
                   const char *location, struct strbuf *error)
{
    struct strbuf text;
    bool is_good;

    strbuf_init(&text, 2 * URL_MAX);
    resolve(base, location, &text);
    is_good = loop_url_parse(url, text.text, error);
    strbuf_free(&text);
    if (!is_good)
        return false;
    remove_dots(url->path);
    free(url->user);
    free(url->password);
    url->user = url->password = NULL;
    return true;
}

void loop_url_free(struct loop_url *url)
{
    free(url->host);
    free(url->path);
    free(url->user);
    if (url->password != NULL)
        explicit_bzero(url->password, strlen(url->password));
    free(url->password);
    *url = (struct loop_url){.is_tls = false};
}

bool loop_url_same_origin(const struct loop_url *a, const struct loop_url *b)
{
    return a->is_tls == b->is_tls && a->port == b->port &&
           strcasecmp(a->host, b->host) == 0;
}

void loop_url_add_host(const struct loop_url *url, struct strbuf *out)
{
    bool is_v6 = strchr(url->host, ':') != NULL;

    strbuf_printf(out, is_v6 ? "[%s]" : "%s", url->host);
    if (url->port != (url->is_tls ? PORT_HTTPS : PORT_HTTP))
        strbuf_printf(out, ":%u", url->port);
}

void loop_url_add(const struct loop_url *url, struct strbuf *out)
{
    strbuf_puts(out, url->is_tls ? "https://" : "http://");
    loop_url_add_host(url, out);
    strbuf_puts(out, url->path);
}
