/* session: who asks, by cookie or HTTP Basic. SPDX-License-Identifier: MIT */
/*
 * A request whose cookie or credentials are in the table, and fresh, is
 * answered at once. Otherwise it joins the check that is under way for the
 * same key, or begins one: cookie -> Redis -> user, or credentials -> password
 * helper -> user.
 */
#include "http/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/mem.h"
#include "http/denial.h"
#include "http/logins.h"
#include "http/route.h"
#include "http/session_store.h"
#include "http/stream.h"
#include "http/token.h"
#include "http/visitor.h"

#define SECOND_US INT64_C(1000000)
#define IDLE_S 43200
#define LONGEST_S (7 * 86400)
#define FRESH_US (2 * SECOND_US)
#define RENEW_US (60 * SECOND_US)
#define BASIC_US (300 * SECOND_US)
#define ID_LEN (LOGIN_ID_SIZE - 1)

struct waiter {
    struct waiter *next;
    struct check *check;
    struct response *response;
};

struct check {
    struct check *next;
    struct sessions *sessions;
    struct waiter *waiters;
    struct store_call *asked;
    struct users_call *finding;
    uint8_t key[LOGIN_KEY_SIZE];
    char id[LOGIN_ID_SIZE]; /* "": HTTP Basic */
    char user[USER_NAME_MAX + 1];
    char print[LOGIN_ID_SIZE]; /* of the password that the session is for */
    int64_t began_s;
    struct addr peer;
};

struct sessions {
    const struct site *site;
    struct users *users;
    struct guard *guard;
    struct logins *logins;
    struct check *checks;
    uint8_t secret[TOKEN_SECRET_SIZE];
};

static bool is_stored(const struct sessions *sessions)
{
    return store_state(sessions->site->store) != STORE_OFF;
}

/* Whether a session that nobody uses goes on: -q, or a preference whose name
 * says the opposite of what it does. */
static bool may_idle(const struct sessions *sessions)
{
    const struct site *site = sessions->site;

    return site->options->disable_autologout ||
           !prefs_bool(site->prefs, PREF_IS_AUTOLOGON_ENABLED);
}

struct sessions *sessions_new(const struct site *site, struct users *users)
{
    struct sessions *sessions = mem_calloc(1, sizeof(*sessions));

    sessions->site = site;
    sessions->users = users;
    sessions->guard = guard_new();
    sessions->logins = logins_new();
    token_random(sessions->secret, sizeof(sessions->secret));
    return sessions;
}

static void check_free(struct check *check)
{
    struct check **at = &check->sessions->checks;

    while (*at != check)
        at = &(*at)->next;
    *at = check->next;
    store_cancel(check->asked);
    users_cancel(check->finding);
    while (check->waiters != NULL) {
        struct waiter *waiter = check->waiters;

        check->waiters = waiter->next;
        free(waiter);
    }
    free(check);
}

void sessions_free(struct sessions *sessions)
{
    if (sessions == NULL)
        return;
    while (sessions->checks != NULL)
        check_free(sessions->checks);
    logins_free(sessions->logins);
    guard_free(sessions->guard);
    explicit_bzero(sessions, sizeof(*sessions));
    free(sessions);
}

struct users *sessions_users(struct sessions *sessions)
{
    return sessions->users;
}

struct guard *sessions_guard(struct sessions *sessions)
{
    return sessions->guard;
}

static const char *cookie_of(const struct request *request)
{
    const char *id = params_get(&request->cookies, "session");

    return id != NULL && strlen(id) == ID_LEN &&
                   strspn(id, "0123456789abcdef") == ID_LEN
               ? id
               : NULL;
}

/* The pages that are files have no place for it but their own URL. */
static bool has_token(const struct request *request)
{
    const char *given = request_header(request, "X-CSRF-Token");

    if (given == NULL)
        given = params_get(&request->form, "csrf");
    if (given == NULL &&
        (strcmp(request->path, "/lua/logout.lua") == 0 ||
         strcmp(request->path, "/lua/change_password.lua") == 0))
        given = params_get(&request->query, "csrf");
    return given != NULL && passwords_equal(given, request->csrf);
}

static void set_account(struct request *request, const struct user *user)
{
    request->account = user_hold(user);
    snprintf(request->user, sizeof(request->user), "%s", user->name);
    request->role = user->must_change                   ? ROLE_NEWCOMER
                    : user->group == USER_ADMINISTRATOR ? ROLE_ADMINISTRATOR
                                                        : ROLE_USER;
}

static void apply(struct sessions *sessions, struct request *request,
                  const struct login *login)
{
    if (login->user->must_change &&
        (login->id[0] == '\0' || !visitor_is_near(sessions->site, request)))
        return;
    if (login->id[0] != '\0') {
        token_derive(request->csrf, "csrf", login->id);
        if (visitor_is_change(request) && !has_token(request)) {
            request->is_forged = true;
            return;
        }
    }
    request->is_basic = login->id[0] == '\0';
    set_account(request, login->user);
}

/* Its time to live in Redis, at most once a minute. */
static void renew(struct sessions *sessions, struct login *login,
                  int64_t now_us)
{
    int64_t left_s = (login->deadline_us - now_us) / SECOND_US;

    if (login->id[0] == '\0' || now_us - login->renewed_us < RENEW_US ||
        may_idle(sessions))
        return;
    login->renewed_us = now_us;
    session_store_renew(sessions->site->store, login->id,
                        left_s < IDLE_S ? left_s + 1 : IDLE_S);
}

/* The check is over: all that wait for it go on. */
static void finish(struct check *check, bool is_away)
{
    struct sessions *sessions = check->sessions;
    struct waiter *waiter = check->waiters;
    uint8_t key[LOGIN_KEY_SIZE];

    memcpy(key, check->key, sizeof(key));
    check->waiters = NULL;
    check_free(check);
    while (waiter != NULL) {
        struct waiter *next = waiter->next;
        struct response *response = waiter->response;
        struct request *request = response_request_of(response);
        struct login *login = logins_find(sessions->logins, key,
                                          loop_now_us(sessions->site->loop));

        free(waiter);
        response_on_abort(response, NULL, NULL);
        request->is_away = is_away;
        if (login != NULL)
            apply(sessions, request, login);
        route_go_on(response);
        waiter = next;
    }
}

static void drop_key(struct check *check)
{
    struct login *login = logins_find(check->sessions->logins, check->key,
                                      loop_now_us(check->sessions->site->loop));

    if (login != NULL)
        logins_drop(check->sessions->logins, login);
}

/* The user of a session or of credentials that were good before. */
static void on_found(void *arg, enum users_result result,
                     const struct user *user)
{
    struct check *check = arg;
    struct sessions *sessions = check->sessions;
    int64_t now_us = loop_now_us(sessions->site->loop);
    struct login *login = logins_find(sessions->logins, check->key, now_us);
    int64_t left_s = check->began_s + LONGEST_S - loop_wall_us() / SECOND_US;
    char print[LOGIN_ID_SIZE] = "";

    check->finding = NULL;
    if (user != NULL)
        token_derive(print, "password", user->password);
    if (result == USERS_AWAY) {
        finish(check, true);
        return;
    }
    if (user == NULL || strcmp(print, check->print) != 0) {
        drop_key(check);
    } else if (login != NULL) {
        login_update(login, user);
        login->checked_us = now_us;
        renew(sessions, login, now_us);
    } else if (check->id[0] != '\0' && left_s > 0 && left_s <= LONGEST_S + 60) {
        login = logins_add(sessions->logins, check->key, check->id, user,
                           now_us, now_us + left_s * SECOND_US);
        login->renewed_us = now_us - RENEW_US;
        renew(sessions, login, now_us);
    }
    finish(check, false);
}

static void on_session(void *arg, const struct store_reply *reply)
{
    struct check *check = arg;

    check->asked = NULL;
    switch (
        session_store_read(reply, check->user, &check->began_s, check->print)) {
    case SESSION_AWAY:
        finish(check, true);
        return;
    case SESSION_NONE:
        drop_key(check);
        finish(check, false);
        return;
    case SESSION_FOUND:
        check->finding =
            users_find(check->sessions->users, check->user, on_found, check);
        return;
    }
}

/* @return false: at once, there is nobody to ask. */
static bool ask_session(struct check *check)
{
    check->asked = session_store_ask(check->sessions->site->store, check->id,
                                     on_session, check);
    return check->asked != NULL;
}

/* Whether the user that was good before still is. */
static void ask_user(struct check *check, const struct user *before)
{
    snprintf(check->user, sizeof(check->user), "%s", before->name);
    token_derive(check->print, "password", before->password);
    check->finding =
        users_find(check->sessions->users, check->user, on_found, check);
}

static void on_verified(void *arg, enum users_result result,
                        const struct user *user)
{
    struct check *check = arg;
    struct sessions *sessions = check->sessions;
    int64_t now_us = loop_now_us(sessions->site->loop);

    check->finding = NULL;
    if (result != USERS_UNKNOWN)
        guard_pass(sessions->guard, &check->peer, check->user,
                   result == USERS_OK);
    if (user != NULL)
        logins_add(sessions->logins, check->key, "", user, now_us,
                   now_us + BASIC_US);
    finish(check, result == USERS_AWAY || result == USERS_BUSY);
}

static void on_abort(void *arg)
{
    struct waiter *waiter = arg;
    struct check *check = waiter->check;
    struct waiter **at = &check->waiters;

    while (*at != waiter)
        at = &(*at)->next;
    *at = waiter->next;
    free(waiter);
    if (check->waiters == NULL)
        check_free(check);
}

static void wait_for(struct check *check, struct response *response)
{
    struct waiter *waiter = mem_calloc(1, sizeof(*waiter));

    *waiter = (struct waiter){check->waiters, check, response};
    check->waiters = waiter;
    response_on_abort(response, on_abort, waiter);
}

/* The check that is under way for this key, or a new one. */
static struct check *get_check(struct sessions *sessions, const uint8_t *key,
                               bool *is_new)
{
    struct check *check = sessions->checks;

    while (check != NULL && memcmp(check->key, key, LOGIN_KEY_SIZE) != 0)
        check = check->next;
    *is_new = check == NULL;
    if (check != NULL)
        return check;
    check = mem_calloc(1, sizeof(*check));
    check->sessions = sessions;
    memcpy(check->key, key, LOGIN_KEY_SIZE);
    check->next = sessions->checks;
    sessions->checks = check;
    return check;
}

static enum auth_answer ask_cookie(struct sessions *sessions, const char *id,
                                   struct request *request,
                                   struct response *response)
{
    int64_t now_us = loop_now_us(sessions->site->loop);
    uint8_t key[LOGIN_KEY_SIZE];
    struct login *login;
    struct check *check;
    bool is_new;

    token_digest(key, sessions->secret, "cookie", id, "");
    login = logins_find(sessions->logins, key, now_us);
    if (login == NULL && !is_stored(sessions))
        return AUTH_DONE;
    if (login != NULL && now_us - login->checked_us < FRESH_US) {
        renew(sessions, login, now_us);
        apply(sessions, request, login);
        return AUTH_DONE;
    }
    check = get_check(sessions, key, &is_new);
    if (is_new) {
        memcpy(check->id, id, LOGIN_ID_SIZE);
        if (!is_stored(sessions)) {
            ask_user(check, login->user);
        } else if (!ask_session(check)) {
            check_free(check);
            request->is_away = true;
            if (login != NULL)
                apply(sessions, request, login);
            return AUTH_DONE;
        }
    }
    wait_for(check, response);
    return AUTH_LATER;
}

static enum auth_answer ask_basic(struct sessions *sessions,
                                  struct request *request, const char *user,
                                  const char *password,
                                  struct response *response)
{
    int64_t now_us = loop_now_us(sessions->site->loop);
    uint8_t key[LOGIN_KEY_SIZE];
    struct login *login;
    struct check *check;
    bool is_new;

    token_digest(key, sessions->secret, "basic", user, password);
    login = logins_find(sessions->logins, key, now_us);
    if (login != NULL && now_us - login->checked_us < FRESH_US) {
        apply(sessions, request, login);
        return AUTH_DONE;
    }
    check = get_check(sessions, key, &is_new);
    if (!is_new) {
        wait_for(check, response);
        return AUTH_LATER;
    }
    snprintf(check->user, sizeof(check->user), "%s", user);
    check->peer = request->peer;
    if (login != NULL) {
        ask_user(check, login->user);
    } else if (guard_try(sessions->guard, &request->peer, user, now_us) == 0) {
        check->finding =
            users_login(sessions->users, user, password, on_verified, check);
    } else {
        check_free(check);
        request->must_wait = true;
        return AUTH_DONE;
    }
    wait_for(check, response);
    return AUTH_LATER;
}

/* Without credentials there is a cookie, or somebody at this machine. */
static enum auth_answer ask_unnamed(struct sessions *sessions,
                                    struct request *request,
                                    struct response *response)
{
    const char *id = cookie_of(request);
    enum auth_answer answer = AUTH_DONE;

    if (id != NULL)
        answer = ask_cookie(sessions, id, request, response);
    if (answer == AUTH_DONE && request->role == ROLE_NONE &&
        !request->is_forged && sessions->site->options->disable_login == 0)
        answer = route_ask_local((void *)(uintptr_t)sessions->site->options,
                                 request, response);
    return answer;
}

static enum auth_answer ask(void *arg, struct request *request,
                            struct response *response)
{
    struct sessions *sessions = arg;
    char user[REQUEST_USER_MAX + 1];
    char password[REQUEST_PASSWORD_MAX + 1];
    enum auth_answer answer = AUTH_DONE;
    bool is_known = request_basic(request, user, password);
    bool is_foreign = visitor_is_foreign(request);
    /* What another site's page sends of its own accord is credentials that
     * it knows; all else is of the browser that it runs in. */
    bool is_shared = is_foreign && request->is_shared && is_known;

    logins_let_idle(sessions->logins,
                    may_idle(sessions) ? 0 : IDLE_S * SECOND_US);
    if (is_foreign && visitor_is_change(request) && !is_shared) {
        request->is_forged = true;
    } else if (sessions->site->options->disable_login == 1 && !is_shared) {
        answer = route_ask_local((void *)(uintptr_t)sessions->site->options,
                                 request, response);
    } else if (is_known) {
        answer = ask_basic(sessions, request, user, password, response);
    } else {
        answer = ask_unnamed(sessions, request, response);
    }
    explicit_bzero(password, sizeof(password));
    return answer;
}

struct http_auth sessions_auth(struct sessions *sessions)
{
    return (struct http_auth){ask, denial_send, sessions};
}

static void set_cookie(struct sessions *sessions, struct response *response,
                       const char *id)
{
    struct strbuf text;

    strbuf_init(&text, 4096);
    strbuf_printf(&text, "session=%s; Path=", id);
    visitor_escape(&text, sessions->site->prefix);
    strbuf_printf(&text, "/; HttpOnly; SameSite=Lax%s%s",
                  response_request(response)->is_secure ? "; Secure" : "",
                  id[0] == '\0' ? "; Max-Age=0" : "");
    response_header(response, "Set-Cookie", text.text);
    strbuf_free(&text);
}

static void forget_stored(void *arg, const struct login *login)
{
    const struct sessions *sessions = arg;

    if (login->id[0] != '\0')
        session_store_forget(sessions->site->store, login->id);
}

static void end_session(struct sessions *sessions,
                        const struct request *request)
{
    const char *id = cookie_of(request);
    uint8_t key[LOGIN_KEY_SIZE];
    struct login *login;

    if (id == NULL)
        return;
    token_digest(key, sessions->secret, "cookie", id, "");
    login =
        logins_find(sessions->logins, key, loop_now_us(sessions->site->loop));
    if (login == NULL)
        return;
    forget_stored(sessions, login);
    logins_drop(sessions->logins, login);
}

void sessions_begin(struct sessions *sessions, struct response *response,
                    const struct user *user, char csrf[REQUEST_TOKEN_SIZE])
{
    int64_t now_us = loop_now_us(sessions->site->loop);
    uint8_t key[LOGIN_KEY_SIZE];
    char id[LOGIN_ID_SIZE];
    char print[LOGIN_ID_SIZE];

    end_session(sessions, response_request(response));
    token_new(id);
    token_digest(key, sessions->secret, "cookie", id, "");
    logins_add(sessions->logins, key, id, user, now_us,
               now_us + LONGEST_S * SECOND_US);
    token_derive(csrf, "csrf", id);
    token_derive(print, "password", user->password);
    session_store_keep(sessions->site->store, id, user->name,
                       loop_wall_us() / SECOND_US, print,
                       may_idle(sessions) ? LONGEST_S : IDLE_S);
    set_cookie(sessions, response, id);
}

void sessions_end(struct sessions *sessions, struct response *response)
{
    const struct request *request = response_request(response);

    end_session(sessions, request);
    /* Those of other sessions come again by themselves. */
    if (request->account != NULL)
        streams_end(sessions->site->streams, request->user);
    set_cookie(sessions, response, "");
}

void sessions_end_all(struct sessions *sessions, const char *user)
{
    logins_drop_user(sessions->logins, user, forget_stored, sessions);
    streams_end(sessions->site->streams, user);
}
