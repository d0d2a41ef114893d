/* page: Lua scripts that answer. SPDX-License-Identifier: MIT */
#include "http/page.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/run/beneath.h"
#include "core/util/json.h"
#include "core/util/log.h"
#include "core/util/mem.h"
#include "core/util/utf8.h"
#include "http/answer.h"
#include "http/page_head.h"
#include "http/page_path.h"
#include "http/site.h"
#include "lua/access.h"
#include "lua/page_globals.h"
#include "lua/scripts.h"

/*
 * One for each page that runs, from page_run() until either its script ends,
 * its client leaves, or its header block turns out to be none. Whichever
 * comes first takes the others' callbacks away and frees it.
 */
#define DEADLINE_US 20000000 /* the waiting for a slow reader apart */
#define HOLD_MAX 65536       /* bytes of an answer that are held back */
#define MESSAGE_MAX 1024     /* bytes of an error that a client is told */
#define DEFAULT_TYPE "text/html; charset=utf-8"

struct page {
    struct response *response;
    struct vm_run *run;
    struct user *account;     /* whose networks `access` names, or NULL */
    struct lib_access access; /* what its user may see */
    char user[REQUEST_USER_MAX + 1];
    char csrf[REQUEST_TOKEN_SIZE];
    struct strbuf held;       /* output that is not sent yet */
    bool is_streaming;        /* the answer has begun */
    bool is_full;             /* and is to wait for on_drain() */
    char name[PAGE_PATH_MAX]; /* below scripts/lua */
};

static void page_free(struct page *page)
{
    strbuf_free(&page->held);
    user_release(page->account);
    free(page);
}

/* --- What the script finds --- */

/* What the user of a request may see; who needs no login sees everything. The
 * page may outlive the request. */
static void fill_access(struct page *page, const struct request *request)
{
    const struct site *site = response_site(page->response);
    const struct user *account = request->account;

    page->access.is_admin = request->role == ROLE_ADMINISTRATOR;
    memcpy(page->user, request->user, sizeof(page->user));
    memcpy(page->csrf, request->csrf, sizeof(page->csrf));
    page->access.user = page->user[0] != '\0' ? page->user : NULL;
    page->access.csrf = page->csrf[0] != '\0' ? page->csrf : NULL;
    page->access.mask = (struct mask){
        .local = site->networks,
        .which = (enum mask_which)prefs_int(site->prefs, PREF_HOST_MASK)};
    if (account == NULL)
        return;
    page->account = user_hold(account);
    page->access.networks = account->networks;
    page->access.iface = account->iface[0] != '\0' ? account->iface : NULL;
}

static void set_text(lua_State *L, const char *key, const char *value)
{
    if (value != NULL)
        page_globals_text(L, key, value, strlen(value));
}

static void set_params(lua_State *L, const char *name,
                       const struct params *params)
{
    page_globals_begin(L);
    for (size_t i = 0; i < params->count; i++)
        set_text(L, params->items[i].name, params->items[i].value);
    page_globals_end(L, name);
}

/* A form that comes from elsewhere is as if it was empty. JSON cannot come
 * from elsewhere: browsers ask before they send it. */
static void set_post(lua_State *L, const struct request *request)
{
    bool is_json =
        request->body != NULL && request_body_is(request, "application/json");

    if (!is_json) {
        set_params(L, "_POST", &request->form);
        return;
    }
    page_globals_begin(L);
    page_globals_text(L, "payload", request->body, request->body_len);
    page_globals_end(L, "_POST");
    page_globals_begin(L);
    page_globals_text(L, "payload", request->body, request->body_len);
    page_globals_end(L, "_GRAFANA");
}

/* The request's headers but credentials, which are nobody's business, then
 * what a header must not be taken for. */
static void set_server(lua_State *L, const struct request *request)
{
    const char *referer = request_header(request, "Referer");

    page_globals_begin(L);
    for (unsigned i = 0; i < request->head.field_count; i++) {
        const struct head_field *field = &request->head.fields[i];

        if (strcasecmp(field->name, "Authorization") != 0 &&
            strcasecmp(field->name, "Cookie") != 0)
            set_text(L, field->name, field->value);
    }
    set_text(L, "Origin", request_header(request, "Origin"));
    set_text(L, "REQUEST_METHOD", head_method_name(request->head.method));
    set_text(L, "URI", request->path);
    set_text(L, "REFERER", referer != NULL ? referer : "");
    set_text(L, "QUERY_STRING", request->query_text);
    set_text(L, "REMOTE_USER", request->user);
    page_globals_end(L, "_SERVER");
}

static void set_session(lua_State *L, const struct request *request)
{
    const char *session = params_get(&request->cookies, "session");
    bool is_known = request->user[0] != '\0';
    const char *ifname =
        page_globals_iface(L, params_get(&request->query, "ifid"));

    page_globals_begin(L);
    set_text(L, "user", is_known ? request->user : "nologin");
    /* Any cookie may come; it is a session where there is a token for it. */
    set_text(L, "session",
             request->csrf[0] != '\0' && session != NULL ? session : "");
    set_text(L, "csrf", request->csrf);
    set_text(L, "group",
             request->role == ROLE_ADMINISTRATOR ? "administrator"
                                                 : "unprivileged");
    set_text(L, "ifname", ifname);
    page_globals_end(L, "_SESSION");
}

static void on_prepare(lua_State *L, void *arg)
{
    struct page *page = arg;
    const struct request *request = response_request(page->response);

    lib_set_access(L, &page->access);
    set_params(L, "_GET", &request->query);
    set_params(L, "_COOKIE", &request->cookies);
    set_post(L, request);
    set_server(L, request);
    set_session(L, request);
}

/* --- Refusals --- */

static bool wants_html(const struct response *response)
{
    const char *accept = request_header(response_request(response), "Accept");

    return accept != NULL && strstr(accept, "text/html") != NULL;
}

/* A page for those who look, JSON for programs. */
static void refuse(struct response *response, int status, const char *message)
{
    char clean[MESSAGE_MAX];
    struct json *json;
    const char *text;
    size_t len;

    if (wants_html(response)) {
        response_error(response, status, message);
        return;
    }
    utf8_clean(clean, sizeof(clean), message, strlen(message));
    json = json_new();
    json_map(json);
    json_key(json, "error");
    json_text(json, clean);
    json_key(json, "status");
    json_int(json, status);
    json_end_map(json);
    text = json_text_of(json, &len);
    response_send(response, status, "application/json; charset=utf-8", text,
                  len);
    json_free(json);
}

/* The first line of an error: what comes behind is the traceback. */
static void first_line(char line[MESSAGE_MAX], const char *error)
{
    snprintf(line, MESSAGE_MAX, "%.*s", (int)strcspn(error, "\n"), error);
}

static void refuse_failure(struct page *page, enum vm_result result,
                           const char *error)
{
    int status = vm_run_status(page->run);
    struct response *response = page->response;
    char line[MESSAGE_MAX];

    first_line(line, error);
    if (result == VM_TIMED_OUT)
        refuse(response, 503, "The page took too long");
    else if (result == VM_OUT_OF_MEMORY)
        refuse(response, 503, "The page needs too much memory");
    else if (status != 0 && *answer_reason(status) != '\0')
        refuse(response, status, line);
    else if (response_request(response)->role == ROLE_ADMINISTRATOR)
        refuse(response, 500, error);
    else
        refuse(response, 500, "The page has an error; the log tells more");
}

/* --- The answer --- */

/* What a page must not change: the framing is response.h's business, what
 * other sites may read is that of cors.h, and the protection of browsers is the
 * same on every answer. */
static bool is_reserved(const char *name)
{
    for (size_t i = 0; i < ANSWER_HEADERS; i++)
        if (strcasecmp(name, answer_header(i)->name) == 0)
            return true;
    return strncasecmp(name, "Access-Control-", 15) == 0 ||
           strcasecmp(name, "Vary") == 0 ||
           strcasecmp(name, "Content-Encoding") == 0 ||
           strcasecmp(name, "Content-Range") == 0;
}

static void set_headers(struct response *response, const struct page_head *head)
{
    for (unsigned i = 0; i < head->field_count; i++)
        if (!is_reserved(head->fields[i].name))
            response_header(response, head->fields[i].name,
                            head->fields[i].value);
}

/* What is held becomes the whole answer, or its beginning. A page without
 * output is an empty one. */
static bool send_held(struct page *page, bool is_whole)
{
    struct response *response = page->response;
    struct page_head head = {.status = 200};
    const char *body = page->held.text != NULL ? page->held.text : "";
    size_t body_len = page->held.len;
    size_t len = 0;
    const char *type;

    switch (page_head_find(body, body_len, &len)) {
    case PAGE_HEAD_MORE:
        if (body_len == 0)
            break;
        return false;
    case PAGE_HEAD_LONG:
        return false;
    case PAGE_HEAD_WHOLE:
        if (!page_head_parse(&head, body, len))
            return false;
        break;
    case PAGE_HEAD_NONE:
        break;
    }
    set_headers(response, &head);
    type = head.type != NULL ? head.type : DEFAULT_TYPE;
    if (is_whole && (head.status == 204 || head.status == 304)) {
        response_empty(response, head.status);
    } else if (is_whole) {
        response_send(response, head.status, type, body + len, body_len - len);
    } else {
        response_begin(response, head.status, type);
        page->is_streaming = true;
        page->is_full = !response_write(response, body + len, body_len - len);
    }
    page_head_free(&head);
    return true;
}

static void on_ended(void *arg, enum vm_result result, const char *error)
{
    struct page *page = arg;

    if (page->is_streaming && result == VM_DONE) {
        response_end(page->response);
    } else if (page->is_streaming) {
        response_cut(page->response);
    } else if (result != VM_DONE) {
        refuse_failure(page, result, error);
    } else if (!send_held(page, true)) {
        log_warnx("page", "%s: its header block is malformed", page->name);
        refuse(page->response, 500, "The page has an error");
    }
    page_free(page);
}

/* Whatever else the script would say, there is no answer that it could be. */
static void give_up(struct page *page)
{
    log_warnx("page", "%s: its header block is malformed", page->name);
    vm_cancel(page->run);
    refuse(page->response, 500, "The page has an error");
    page_free(page);
}

static bool on_write(void *arg, const char *bytes, size_t len)
{
    struct page *page = arg;

    if (page->is_streaming)
        return response_write(page->response, bytes, len);
    strbuf_add(&page->held, bytes, len);
    if (page->held.len <= HOLD_MAX)
        return true;
    if (!send_held(page, false)) {
        give_up(page);
        return true;
    }
    strbuf_free(&page->held);
    return !page->is_full;
}

static void on_drain(void *arg)
{
    struct page *page = arg;

    vm_output_ready(page->run);
}

static void on_abort(void *arg)
{
    struct page *page = arg;

    vm_cancel(page->run);
    page_free(page);
}

/* --- Begin --- */

static bool is_file(const struct dir *dir, const char *path)
{
    struct stat info;

    return dir->fd >= 0 && beneath_stat(dir->fd, path, &info) == 0 &&
           S_ISREG(info.st_mode);
}

/* Find the script. @return false when there is none. */
static bool find_script(const struct lib_dirs *dirs, const char *path,
                        char name[PAGE_PATH_MAX])
{
    char index[PAGE_PATH_MAX];

    return page_path(path, name, index) && is_file(&dirs->pages, name) &&
           (index[0] == '\0' || is_file(&dirs->pages, index));
}

void page_run(struct response *response)
{
    struct scripts *scripts = response_site(response)->scripts;
    const struct lib_dirs *dirs = scripts_dirs(scripts);
    const struct request *request = response_request(response);
    struct page *page = mem_calloc(1, sizeof(*page));
    struct vm_script script = {
        .deadline_us = DEADLINE_US,
        .is_page = true,
        .prepare = on_prepare,
        .write = on_write,
        .ended = on_ended,
        .arg = page,
    };
    char path[PATH_TEXT_MAX + PAGE_PATH_MAX];

    if (!find_script(dirs, request->path, page->name)) {
        free(page);
        response_error(response, 404, request->path);
        return;
    }
    snprintf(path, sizeof(path), "%s/%s", dirs->pages.path, page->name);
    script.path = path;
    page->response = response;
    strbuf_init(&page->held, SIZE_MAX / 2); /* the script has less memory */
    fill_access(page, request);
    page->run = vm_start(scripts_vm(scripts), &script);
    if (page->run == NULL) {
        page_free(page);
        refuse(response, 503, "Too many pages at once");
        return;
    }
    response_on_drain(response, on_drain, page);
    response_on_abort(response, on_abort, page);
}
