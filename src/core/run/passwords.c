/* passwords: hashed and checked beside the loop. SPDX-License-Identifier: MIT
 */
/*
 * One question at a time is with the helper, the others wait here. It gets and
 * gives messages of one size over a socket that keeps their bounds; a number
 * tells late answers to questions that were given up. When the helper dies,
 * the question that it had is failed, since it may be why.
 */
#include "core/run/passwords.h"

#include <crypt.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/run/child.h"
#include "core/run/privileges.h"
#include "core/util/log.h"
#include "core/util/mem.h"

#define PATIENCE_US 10000000
#define GRACE_US 500000
#define NICENESS 10
#define MD5_HEX 32

struct ask {
    uint64_t number;
    bool is_check;
    char password[PASSWORD_MAX + 1];
    char stored[PASSWORD_HASH_SIZE];
};

struct answer {
    uint64_t number;
    enum passwords_result result;
    char hash[PASSWORD_HASH_SIZE];
};

struct passwords_call {
    struct passwords_call *next;
    passwords_done *done; /* NULL: cancelled */
    void *arg;
    struct ask ask;
};

struct passwords {
    struct loop *loop;
    const char *program;
    struct child *child; /* NULL: nobody has asked yet */
    struct loop_source *readable;
    struct loop_source *timer;
    struct loop_source *work;
    struct passwords_call *first;
    struct passwords_call **last;
    struct passwords_call *busy; /* with the helper */
    uint64_t numbers;
    unsigned count;
    int fds[2]; /* ours, the helper's */
};

bool passwords_equal(const char *a, const char *b)
{
    size_t len = strlen(a);
    unsigned differ = 0;

    if (len != strlen(b))
        return false;
    for (size_t i = 0; i < len; i++)
        differ |= (unsigned)(unsigned char)(a[i] ^ b[i]);
    return differ == 0;
}

bool passwords_is_md5(const char *stored)
{
    return strlen(stored) == MD5_HEX &&
           strspn(stored, "0123456789abcdef") == MD5_HEX;
}

const char *passwords_refuse(const char *password, const char *user)
{
    size_t len = strlen(password);

    if (len < PASSWORD_MIN)
        return "must have 8 bytes at least";
    if (len > PASSWORD_MAX)
        return "must not have more than 256 bytes";
    for (const char *at = password; *at != '\0'; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            return "must have no control characters";
    return strcmp(password, user) == 0 ? "must differ from the user's name"
                                       : NULL;
}

static bool hash_with(const char *password, const char *setting,
                      char hash[PASSWORD_HASH_SIZE])
{
    struct crypt_data *data = mem_calloc(1, sizeof(*data));
    const char *made = crypt_rn(password, setting, data, sizeof(*data));
    bool is_good =
        made != NULL && made[0] != '*' && strlen(made) < PASSWORD_HASH_SIZE;

    if (is_good)
        memcpy(hash, made, strlen(made) + 1);
    explicit_bzero(data, sizeof(*data));
    free(data);
    return is_good;
}

bool passwords_make(const char *password, char hash[PASSWORD_HASH_SIZE])
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];

    hash[0] = '\0';
    return crypt_gensalt_rn("$y$", 0, NULL, 0, setting, sizeof(setting)) !=
               NULL &&
           hash_with(password, setting, hash);
}

static bool match_md5(const char *password, const char *stored)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char sum[EVP_MAX_MD_SIZE];
    char text[MD5_HEX + 1];
    unsigned len = 0;

    if (EVP_Digest(password, strlen(password), sum, &len, EVP_md5(), NULL) !=
            1 ||
        len * 2 != MD5_HEX)
        return false;
    for (unsigned i = 0; i < len; i++) {
        text[2 * i] = digits[sum[i] >> 4];
        text[2 * i + 1] = digits[sum[i] & 15];
    }
    text[MD5_HEX] = '\0';
    return passwords_equal(text, stored);
}

bool passwords_match(const char *password, const char *stored)
{
    char hash[PASSWORD_HASH_SIZE];

    if (passwords_is_md5(stored))
        return match_md5(password, stored);
    return stored[0] == '$' && hash_with(password, stored, hash) &&
           passwords_equal(hash, stored);
}

/* Each check costs one hash, whatever is stored. */
static void check(const struct ask *ask, struct answer *answer)
{
    if (ask->stored[0] == '$') {
        answer->result = passwords_match(ask->password, ask->stored)
                             ? PASSWORDS_YES
                             : PASSWORDS_NO;
        return;
    }
    if (!passwords_make(ask->password, answer->hash))
        answer->result = PASSWORDS_FAILED;
    else if (passwords_match(ask->password, ask->stored))
        answer->result = PASSWORDS_YES;
    if (answer->result != PASSWORDS_YES)
        answer->hash[0] = '\0';
}

int passwords_serve(int fd)
{
    struct ask ask;

    prctl(PR_SET_NAME, "kelvin-password");
    privileges_harden();
    setpriority(PRIO_PROCESS, 0, NICENESS);
    while (recv(fd, &ask, sizeof(ask), 0) == (ssize_t)sizeof(ask)) {
        struct answer answer = {.number = ask.number};

        ask.password[PASSWORD_MAX] = '\0';
        ask.stored[PASSWORD_HASH_SIZE - 1] = '\0';
        if (ask.is_check)
            check(&ask, &answer);
        else
            answer.result = passwords_make(ask.password, answer.hash)
                                ? PASSWORDS_YES
                                : PASSWORDS_FAILED;
        explicit_bzero(&ask, sizeof(ask));
        if (send(fd, &answer, sizeof(answer), MSG_NOSIGNAL) == -1)
            return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

static void call_free(struct passwords_call *call)
{
    explicit_bzero(call, sizeof(*call));
    free(call);
}

static void finish(struct passwords *passwords, enum passwords_result result,
                   const char *hash)
{
    struct passwords_call *call = passwords->busy;

    loop_source_free(passwords->timer);
    passwords->timer = NULL;
    passwords->busy = NULL;
    passwords->count--;
    loop_source_resume(passwords->work);
    if (call->done != NULL)
        call->done(call->arg, result, hash);
    call_free(call);
}

static void on_readable(void *arg)
{
    struct passwords *passwords = arg;
    struct answer answer;

    if (recv(passwords->fds[0], &answer, sizeof(answer), MSG_DONTWAIT) !=
        (ssize_t)sizeof(answer))
        return;
    answer.hash[PASSWORD_HASH_SIZE - 1] = '\0';
    if (passwords->busy != NULL && passwords->busy->ask.number == answer.number)
        finish(passwords, answer.result, answer.hash);
    explicit_bzero(&answer, sizeof(answer));
}

static void on_change(void *arg, bool is_up)
{
    struct passwords *passwords = arg;

    if (!is_up && passwords->busy != NULL)
        finish(passwords, PASSWORDS_FAILED, "");
}

static void on_patience_over(void *arg)
{
    struct passwords *passwords = arg;

    log_warnx("passwords", "the helper does not answer");
    child_kill(passwords->child);
    finish(passwords, PASSWORDS_FAILED, "");
}

static void start_helper(struct passwords *passwords)
{
    const char *const argv[] = {passwords->program, PASSWORDS_HELPER, NULL};
    const struct child_config config = {
        .name = "password helper",
        .argv = argv,
        .keep_fd = passwords->fds[1],
        .grace_us = GRACE_US,
        .on_change = on_change,
        .arg = passwords,
    };

    passwords->child = child_start(passwords->loop, &config);
}

static bool on_work(void *arg)
{
    struct passwords *passwords = arg;
    struct passwords_call *call = passwords->first;

    if (passwords->busy != NULL || call == NULL)
        return false;
    if (passwords->child == NULL)
        start_helper(passwords);
    passwords->first = call->next;
    if (passwords->first == NULL)
        passwords->last = &passwords->first;
    passwords->busy = call;
    passwords->timer = loop_after(passwords->loop, PATIENCE_US, LOOP_PEER,
                                  on_patience_over, passwords);
    if (call->done == NULL ||
        send(passwords->fds[0], &call->ask, sizeof(call->ask),
             MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)sizeof(call->ask))
        finish(passwords, PASSWORDS_FAILED, "");
    return passwords->busy == NULL;
}

struct passwords *passwords_new(struct loop *loop, const char *program)
{
    struct passwords *passwords = mem_calloc(1, sizeof(*passwords));

    passwords->loop = loop;
    passwords->program = program != NULL ? program : "/proc/self/exe";
    passwords->last = &passwords->first;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, passwords->fds) ==
        -1) {
        log_error("passwords", "no socket for the helper");
        abort();
    }
    passwords->readable = loop_on_fd(loop, passwords->fds[0], LOOP_READ,
                                     LOOP_PEER, on_readable, passwords);
    passwords->work = loop_defer(loop, LOOP_PEER, on_work, passwords);
    return passwords;
}

void passwords_free(struct passwords *passwords)
{
    if (passwords == NULL)
        return;
    child_free(passwords->child);
    loop_source_free(passwords->readable);
    loop_source_free(passwords->timer);
    loop_source_free(passwords->work);
    if (passwords->busy != NULL)
        call_free(passwords->busy);
    while (passwords->first != NULL) {
        struct passwords_call *call = passwords->first;

        passwords->first = call->next;
        call_free(call);
    }
    close(passwords->fds[0]);
    close(passwords->fds[1]);
    free(passwords);
}

static struct passwords_call *enqueue(struct passwords *passwords,
                                      const char *password, const char *stored,
                                      passwords_done *done, void *arg)
{
    struct passwords_call *call;

    if (passwords->count >= PASSWORDS_QUEUE || strlen(password) > PASSWORD_MAX)
        return NULL;
    call = mem_calloc(1, sizeof(*call));
    call->done = done;
    call->arg = arg;
    call->ask.number = ++passwords->numbers;
    call->ask.is_check = stored != NULL;
    memcpy(call->ask.password, password, strlen(password) + 1);
    /* One that does not fit is no hash: nobody's. */
    if (stored != NULL && strlen(stored) < PASSWORD_HASH_SIZE)
        memcpy(call->ask.stored, stored, strlen(stored) + 1);
    *passwords->last = call;
    passwords->last = &call->next;
    passwords->count++;
    loop_source_resume(passwords->work);
    return call;
}

struct passwords_call *passwords_check(struct passwords *passwords,
                                       const char *password, const char *stored,
                                       passwords_done *done, void *arg)
{
    return enqueue(passwords, password, stored, done, arg);
}

struct passwords_call *passwords_hash(struct passwords *passwords,
                                      const char *password,
                                      passwords_done *done, void *arg)
{
    return enqueue(passwords, password, NULL, done, arg);
}

void passwords_cancel(struct passwords_call *call)
{
    if (call != NULL)
        call->done = NULL;
}
