/* login: in, out, and another password. SPDX-License-Identifier: MIT */
#include "http/login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/log.h"
#include "core/util/mem.h"
#include "http/asset.h"
#include "http/session.h"
#include "http/visitor.h"

#define LOGIN "/lua/login.lua"
#define CHANGE "/lua/change_password.lua"
#define LOGOUT "/lua/logout.lua"
#define REFERER_MAX 4096

/* A request that waits for a password to be checked or hashed. */
struct job {
    struct response *response;
    struct sessions *sessions;
    struct users_call *call;
    char user[USER_NAME_MAX + 1];
};

static void on_abort(void *arg)
{
    struct job *job = arg;

    users_cancel(job->call);
    free(job);
}

static struct job *job_new(struct response *response, const char *user)
{
    struct job *job = mem_calloc(1, sizeof(*job));

    job->response = response;
    job->sessions = response_site(response)->sessions;
    snprintf(job->user, sizeof(job->user), "%s", user);
    response_on_abort(response, on_abort, job);
    return job;
}

/* The job is over, its response still to be answered. */
static struct response *job_end(struct job *job)
{
    struct response *response = job->response;

    response_on_abort(response, NULL, NULL);
    free(job);
    return response;
}

static const char *form_value(const struct request *request, const char *name)
{
    const char *value = params_get(&request->form, name);

    return value != NULL ? value : "";
}

/* After these there is nothing to go on with. */
static bool is_ours(const char *path)
{
    static const char *const pages[] = {LOGIN, CHANGE, LOGOUT};

    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
        if (strncmp(path, pages[i], strlen(pages[i])) == 0)
            return true;
    return false;
}

/* Where to go on: a path here, whatever the client made of it. */
static const char *referer_of(const struct request *request)
{
    const char *path = params_get(&request->form, "referer");

    if (path == NULL)
        path = params_get(&request->query, "referer");
    if (path == NULL || path[0] != '/' || path[1] == '/' || path[1] == '\\')
        return "/";
    for (const char *at = path; *at != '\0'; at++)
        if (*at <= ' ' || *at >= 0x7f || *at == '\\')
            return "/";
    return strlen(path) > REFERER_MAX || is_ours(path) ? "/" : path;
}

/* Back to a page of ours with a message; programs get the status. */
static void tell(struct response *response, const char *page, int status,
                 const char *message, const char *why)
{
    const struct request *request = response_request(response);
    const char *referer = referer_of(request);
    struct strbuf path;

    if (visitor_is_program(request)) {
        response_error(response, status, why);
        return;
    }
    strbuf_init(&path, 16384);
    strbuf_printf(&path, "%s?message=%s", page, message);
    if (request->csrf[0] != '\0' && strcmp(page, CHANGE) == 0)
        strbuf_printf(&path, "&csrf=%s", request->csrf);
    if (strcmp(referer, "/") != 0) {
        strbuf_puts(&path, "&referer=");
        visitor_escape(&path, referer);
    }
    strbuf_printf(&path, "#%s", message);
    visitor_redirect(response, path.text);
    strbuf_free(&path);
}

static void tell_result(struct response *response, const char *page,
                        enum users_result result)
{
    if (result == USERS_AWAY)
        tell(response, page, 503, "away",
             "Redis is away, and with it the users; try again soon");
    else if (result == USERS_BUSY)
        tell(response, page, 503, "busy", "Too many log in; try again soon");
    else
        tell(response, page, 401, "wrong", "Wrong user or password");
}

/* Whether it may be tried now; answered if not. */
static bool may_try(struct response *response, const char *page,
                    const char *user)
{
    struct site *site = response_site(response);
    int wait_s = guard_try(sessions_guard(site->sessions),
                           &response_request(response)->peer, user,
                           loop_now_us(site->loop));
    char text[16];

    if (wait_s == 0)
        return true;
    snprintf(text, sizeof(text), "%d", wait_s);
    response_header(response, "Retry-After", text);
    tell(response, page, 429, "wait", "Too many failed logins; wait a while");
    return false;
}

static void let_pass(const struct job *job, enum users_result result)
{
    if (result != USERS_UNKNOWN)
        guard_pass(sessions_guard(job->sessions),
                   &response_request(job->response)->peer, job->user,
                   result == USERS_OK);
}

static void on_login(void *arg, enum users_result result,
                     const struct user *user)
{
    struct job *job = arg;
    struct sessions *sessions = job->sessions;
    const struct request *request = response_request(job->response);
    struct response *response;
    char csrf[REQUEST_TOKEN_SIZE];

    let_pass(job, result);
    response = job_end(job);
    if (user != NULL && user->must_change &&
        !visitor_is_near(response_site(response), request)) {
        log_warnx("http",
                  "the first password of %s is good from this machine "
                  "and local networks only; see --set-password",
                  user->name);
        result = USERS_UNKNOWN;
    }
    if (result != USERS_OK || user == NULL) {
        tell_result(response, LOGIN, result);
        return;
    }
    sessions_begin(sessions, response, user, csrf);
    visitor_redirect(response,
                     user->must_change ? CHANGE : referer_of(request));
}

static void log_in(struct response *response)
{
    const struct request *request = response_request(response);
    const char *user = form_value(request, "user");
    const char *password = form_value(request, "password");
    struct job *job;

    if (visitor_is_foreign(request)) {
        response_error(response, 403, "The form is one of another site");
        return;
    }
    if (strlen(user) > USER_NAME_MAX || strlen(password) > PASSWORD_MAX) {
        tell_result(response, LOGIN, USERS_UNKNOWN);
        return;
    }
    if (!may_try(response, LOGIN, user))
        return;
    job = job_new(response, user);
    job->call = users_login(sessions_users(job->sessions), user, password,
                            on_login, job);
}

void login_page(struct response *response)
{
    if (response_request(response)->head.method == HTTP_POST)
        log_in(response);
    else
        asset_send(response, "/login.html");
}

/* A page that is a file posts to its own URL, which must have the token. */
static void show_form(struct response *response, const char *page,
                      const char *file)
{
    const struct request *request = response_request(response);
    const char *given = params_get(&request->query, "csrf");
    struct strbuf path;

    if (request->csrf[0] == '\0' ||
        (given != NULL && passwords_equal(given, request->csrf))) {
        asset_send(response, file);
        return;
    }
    strbuf_init(&path, 256);
    strbuf_printf(&path, "%s?csrf=%s", page, request->csrf);
    visitor_redirect(response, path.text);
    strbuf_free(&path);
}

void login_out_page(struct response *response)
{
    if (response_request(response)->head.method != HTTP_POST) {
        show_form(response, LOGOUT, "/logout.html");
        return;
    }
    sessions_end(response_site(response)->sessions, response);
    visitor_redirect(response, LOGIN "?message=bye#bye");
}

static void on_changed(void *arg, enum users_result result,
                       const struct user *user)
{
    struct job *job = arg;
    struct sessions *sessions = job->sessions;
    struct response *response = job_end(job);
    char csrf[REQUEST_TOKEN_SIZE];

    if (result != USERS_OK || user == NULL) {
        tell_result(response, CHANGE, result);
        return;
    }
    log_notice("http", "%s has a new password", user->name);
    sessions_end_all(sessions, user->name);
    sessions_begin(sessions, response, user, csrf);
    visitor_redirect(response, referer_of(response_request(response)));
}

static void on_old_checked(void *arg, enum users_result result,
                           const struct user *user)
{
    struct job *job = arg;
    const struct request *request = response_request(job->response);

    (void)user;
    let_pass(job, result);
    job->call = NULL;
    if (result != USERS_OK)
        tell_result(job_end(job), CHANGE, result);
    else
        job->call = users_set_password(sessions_users(job->sessions), job->user,
                                       form_value(request, "new_password"),
                                       on_changed, job);
}

void login_password_page(struct response *response)
{
    const struct request *request = response_request(response);
    const char *password = form_value(request, "new_password");
    struct job *job;

    if (request->account == NULL) {
        response_error(response, 403, "Who needs no login has no password");
    } else if (request->head.method != HTTP_POST) {
        show_form(response, CHANGE, "/password.html");
    } else if (strcmp(password, form_value(request, "confirm_password")) != 0) {
        tell(response, CHANGE, 400, "differ", "The two passwords differ");
    } else if (passwords_refuse(password, request->user) != NULL) {
        tell(response, CHANGE, 400, "weak",
             "A password has 8 to 256 bytes and is not the user's name");
    } else if (may_try(response, CHANGE, request->user)) {
        job = job_new(response, request->user);
        job->call = users_login(sessions_users(job->sessions), job->user,
                                form_value(request, "old_password"),
                                on_old_checked, job);
    }
}
