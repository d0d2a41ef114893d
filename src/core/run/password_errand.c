/* password_errand: --set-password. SPDX-License-Identifier: MIT */
#include "core/run/password_errand.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "core/run/passwords.h"
#include "core/run/store.h"
#include "core/run/users.h"

#define SECOND_US INT64_C(1000000)
#define PATIENCE_S 15

/* Room for one that is too long, a newline and a NUL. */
#define LINE_SIZE (PASSWORD_MAX + 3)

struct errand {
    struct loop *loop;
    struct store *store;
    struct users *users;
    struct passwords *passwords;
    const char *name;
    const char *password;
    struct strbuf *error;
    bool is_asked;
    bool is_done;
};

static bool read_line(char line[LINE_SIZE])
{
    size_t len;

    if (fgets(line, LINE_SIZE, stdin) == NULL)
        return false;
    len = strlen(line);
    if (len > 0 && line[len - 1] == '\n')
        line[len - 1] = '\0';
    return true;
}

static bool prompt(const char *text, char line[LINE_SIZE])
{
    struct termios shown;
    struct termios hidden;
    bool is_read;

    if (tcgetattr(STDIN_FILENO, &shown) == -1)
        return false;
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    fputs(text, stderr);
    is_read = read_line(line);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    fputc('\n', stderr);
    return is_read;
}

static bool read_password(char line[LINE_SIZE], struct strbuf *error)
{
    char again[LINE_SIZE];
    bool is_same;

    if (!isatty(STDIN_FILENO)) {
        if (read_line(line))
            return true;
        strbuf_puts(error, "--set-password: no password on standard input");
        return false;
    }
    if (!prompt("New password: ", line) || !prompt("Again: ", again)) {
        strbuf_puts(error, "--set-password: no password");
        return false;
    }
    is_same = strcmp(line, again) == 0;
    explicit_bzero(again, sizeof(again));
    if (!is_same)
        strbuf_puts(error, "--set-password: the two passwords differ");
    return is_same;
}

static void on_set(void *arg, enum users_result result, const struct user *user)
{
    struct errand *errand = arg;

    (void)user;
    if (result == USERS_UNKNOWN)
        strbuf_printf(errand->error, "--set-password: there is no user %s",
                      errand->name);
    else if (result != USERS_OK)
        strbuf_puts(errand->error, "--set-password: Redis did not take it");
    errand->is_done = result == USERS_OK;
    loop_stop(errand->loop);
}

static void on_state(void *arg, enum store_state state)
{
    struct errand *errand = arg;

    if (state != STORE_READY || errand->is_asked)
        return;
    errand->is_asked = true;
    users_set_password(errand->users, errand->name, errand->password, on_set,
                       errand);
}

static void on_late(void *arg)
{
    struct errand *errand = arg;

    strbuf_printf(errand->error, "--set-password: Redis at %s does not answer",
                  store_name(errand->store));
    loop_stop(errand->loop);
}

static void run_errand(struct errand *errand)
{
    struct loop_source *limit = loop_after(errand->loop, PATIENCE_S * SECOND_US,
                                           LOOP_TICK, on_late, errand);

    errand->passwords = passwords_new(errand->loop, NULL);
    errand->users = users_new(errand->loop, errand->store, errand->passwords);
    store_listen(errand->store, on_state, errand);
    on_state(errand, store_state(errand->store));
    loop_run(errand->loop);
    loop_source_free(limit);
    store_drain(errand->store, SECOND_US);
    users_free(errand->users);
    passwords_free(errand->passwords);
}

static bool check(const struct options *options, char line[LINE_SIZE],
                  struct strbuf *error)
{
    const char *why = users_refuse_name(options->set_password);

    if (why != NULL) {
        strbuf_printf(error, "--set-password: the name %s", why);
        return false;
    }
    if (options->redis != NULL && strcmp(options->redis, "none") == 0) {
        strbuf_puts(error, "--set-password: with -r none nothing is kept");
        return false;
    }
    if (!read_password(line, error))
        return false;
    why = passwords_refuse(line, options->set_password);
    if (why != NULL)
        strbuf_printf(error, "--set-password: the password %s", why);
    return why == NULL;
}

bool password_errand(const struct options *options, struct strbuf *error)
{
    struct store_config config = {options->redis, options->data_dir};
    char line[LINE_SIZE] = "";
    struct errand errand = {
        .name = options->set_password, .password = line, .error = error};

    if (check(options, line, error) && (errand.loop = loop_new()) != NULL) {
        errand.store = store_open(errand.loop, &config, error);
        if (errand.store != NULL)
            run_errand(&errand);
        store_free(errand.store);
        loop_free(errand.loop);
    }
    explicit_bzero(line, sizeof(line));
    return errand.is_done;
}
