/* test_store: a real Redis, and what may be in its place.
 * SPDX-License-Identifier: MIT */
#include "core/run/store.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/run/child.h"
#include "core/run/store_watch.h"
#include "core/util/log.h"

#define PATIENCE_US 30000000
#define STEP_US 2000

struct scene {
    struct loop *loop;
    struct loop_source *step;
    struct child *server;
    struct store *store;
    char directory[64];
    char socket[96];
    char target[104];
    char log[96];
    bool (*is_done)(const struct scene *scene);
    int64_t until_us;
    /* What callbacks have seen. */
    unsigned answers;
    unsigned broken;
    unsigned wanted;
    unsigned out_of_order;
    enum store_type type;
    char text[256];
    size_t count;
    unsigned messages;
    bool is_watching;
    struct store_call *other;
};

static void on_step(void *arg)
{
    struct scene *scene = arg;

    if (scene->is_done(scene) || loop_now_us(scene->loop) > scene->until_us)
        loop_stop(scene->loop);
}

static void run_until(struct scene *scene,
                      bool (*is_done)(const struct scene *scene),
                      const char *what)
{
    scene->is_done = is_done;
    scene->until_us = loop_now_us(scene->loop) + PATIENCE_US;
    loop_run(scene->loop);
    if (!is_done(scene))
        fail_msg("not in time: %s", what);
}

static void start_server(struct scene *scene)
{
    char program[4096];
    const char *const argv[] = {
        program,       "--port",        "0",  "--unixsocket",
        scene->socket, "--save",        "",   "--appendonly",
        "yes",         "--appendfsync", "no", NULL};
    const struct child_config config = {
        .name = "redis-server",
        .argv = argv,
        .directory = scene->directory,
        .output = "/dev/null",
        .keep_fd = -1,
        .grace_us = 5000000,
    };

    if (!child_find_program("redis-server", program, sizeof(program)))
        fail_msg("redis-server is not installed");
    scene->server = child_start(scene->loop, &config);
}

static void open_store(struct scene *scene)
{
    const struct store_config config = {scene->target, scene->directory};
    struct strbuf error;

    strbuf_init(&error, 512);
    scene->store = store_open(scene->loop, &config, &error);
    assert_non_null(scene->store);
    strbuf_free(&error);
}

static int open_scene(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));

    scene->loop = loop_new();
    scene->step = loop_every(scene->loop, STEP_US, LOOP_TICK, on_step, scene);
    strcpy(scene->directory, "/tmp/kelvin-store.XXXXXX");
    assert_non_null(mkdtemp(scene->directory));
    snprintf(scene->socket, sizeof(scene->socket), "%s/s", scene->directory);
    snprintf(scene->target, sizeof(scene->target), "unix:%s", scene->socket);
    snprintf(scene->log, sizeof(scene->log), "%s/log", scene->directory);
    assert_int_equal(log_open(LOG_TARGET_FILE, scene->log), 0);
    *state = scene;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *scene = *state;
    char command[128];

    store_free(scene->store);
    child_free(scene->server);
    loop_source_free(scene->step);
    loop_free(scene->loop);
    log_open(LOG_TARGET_STDERR, NULL);
    snprintf(command, sizeof(command), "rm -r %s", scene->directory);
    assert_int_equal(system(command), 0);
    free(scene);
    return 0;
}

static bool is_ready(const struct scene *scene)
{
    return store_state(scene->store) == STORE_READY;
}

static bool is_away(const struct scene *scene)
{
    return store_state(scene->store) == STORE_AWAY;
}

static bool is_answered(const struct scene *scene)
{
    return scene->answers + scene->broken >= scene->wanted;
}

static void open_both(struct scene *scene)
{
    start_server(scene);
    open_store(scene);
    run_until(scene, is_ready, "a connection");
}

/* How often this is in the log. */
static unsigned logged(const struct scene *scene, const char *words)
{
    static char text[65536];
    FILE *file = fopen(scene->log, "r");
    size_t len = fread(text, 1, sizeof(text) - 1, file);
    unsigned count = 0;

    fclose(file);
    text[len] = '\0';
    for (const char *at = text; (at = strstr(at, words)) != NULL; at++)
        count++;
    return count;
}

static void note(void *arg, const struct store_reply *reply)
{
    struct scene *scene = arg;

    if (reply == NULL) {
        scene->broken++;
        return;
    }
    scene->answers++;
    scene->type = store_reply_type(reply);
    scene->count = store_reply_count(reply);
    snprintf(scene->text, sizeof(scene->text), "%s",
             store_reply_text(reply, NULL));
    if (scene->type == STORE_NUMBER)
        snprintf(scene->text, sizeof(scene->text), "%lld",
                 (long long)store_reply_number(reply));
}

/* Words with blanks between; @return how many. */
static size_t split(char *line, const char **words)
{
    size_t count = 0;

    for (char *at = strtok(line, " "); at != NULL; at = strtok(NULL, " "))
        words[count++] = at;
    return count;
}

static bool tell(struct scene *scene, const char *line)
{
    const char *words[16];
    char copy[256];

    snprintf(copy, sizeof(copy), "%s", line);
    return store_tell(scene->store, split(copy, words), words, NULL);
}

static struct store_call *ask(struct scene *scene, const char *line)
{
    const char *words[16];
    char copy[256];

    snprintf(copy, sizeof(copy), "%s", line);
    return store_ask(scene->store, note, scene, split(copy, words), words,
                     NULL);
}

/* The answer as text. */
static const char *ask_now(struct scene *scene, const char *line)
{
    scene->answers = scene->broken = 0;
    scene->wanted = 1;
    assert_non_null(ask(scene, line));
    run_until(scene, is_answered, line);
    assert_int_equal(scene->answers, 1);
    return scene->text;
}

static void check_order(void *arg, const struct store_reply *reply)
{
    struct scene *scene = arg;

    if (reply == NULL ||
        (unsigned)atoi(store_reply_text(reply, NULL)) != scene->answers)
        scene->out_of_order++;
    scene->answers++;
}

static void answers_come_in_order(void **state)
{
    struct scene *scene = *state;

    open_both(scene);
    scene->wanted = 20000;
    for (unsigned i = 0; i < scene->wanted; i++) {
        char number[16];
        const char *const words[] = {"ECHO", number};

        snprintf(number, sizeof(number), "%u", i);
        assert_non_null(
            store_ask(scene->store, check_order, scene, 2, words, NULL));
    }
    run_until(scene, is_answered, "20000 answers");
    assert_int_equal(scene->out_of_order, 0);
}

static void words_may_have_any_bytes(void **state)
{
    struct scene *scene = *state;
    const char *const set[] = {"SET", "a\0b\r\n", "\0\r\n$1\r\n"};
    const size_t lens[] = {3, 5, 7};

    open_both(scene);
    assert_true(store_tell(scene->store, 3, set, lens));
    assert_string_equal(ask_now(scene, "EVAL return(#redis.call('get',"
                                       "'a\\0b\\r\\n')) 0"),
                        "7");
    assert_string_equal(ask_now(scene, "DBSIZE"), "1");
}

static void kinds_of_answers_are_told_apart(void **state)
{
    struct scene *scene = *state;

    open_both(scene);
    ask_now(scene, "GET nothing");
    assert_int_equal(scene->type, STORE_NIL);
    ask_now(scene, "SET a b");
    assert_int_equal(scene->type, STORE_STATUS);
    ask_now(scene, "LPUSH a b");
    assert_int_equal(scene->type, STORE_ERROR);
    assert_int_equal(strncmp(scene->text, "WRONGTYPE", 9), 0);
    ask_now(scene, "MGET a nothing");
    assert_int_equal(scene->type, STORE_ARRAY);
    assert_int_equal(scene->count, 2);
}

static void writes_wait_for_redis_in_order(void **state)
{
    struct scene *scene = *state;
    struct store_counters counters;
    char line[64];

    open_store(scene);
    assert_null(ask(scene, "PING"));
    for (unsigned i = 0; i < 500; i++) {
        snprintf(line, sizeof(line), "RPUSH list %u", i);
        assert_true(tell(scene, line));
    }
    store_counters(scene->store, &counters);
    assert_int_equal(counters.queued, 500);
    assert_int_equal(counters.refused, 1);
    start_server(scene);
    run_until(scene, is_ready, "a connection");
    assert_string_equal(ask_now(scene, "LLEN list"), "500");
    assert_string_equal(ask_now(scene, "LINDEX list 0"), "0");
    assert_string_equal(ask_now(scene, "LINDEX list 321"), "321");
    assert_string_equal(ask_now(scene, "LINDEX list 499"), "499");
    store_counters(scene->store, &counters);
    assert_int_equal(counters.lost, 0);
    assert_int_equal(counters.queued, 0);
}

static void what_was_not_answered_is_sent_again(void **state)
{
    struct scene *scene = *state;
    struct store_counters counters;

    open_both(scene);
    kill(child_pid(scene->server), SIGSTOP);
    assert_true(tell(scene, "SET a 1"));
    assert_true(tell(scene, "SET b 2"));
    scene->wanted = 1;
    assert_non_null(ask(scene, "GET a"));
    child_kill(scene->server);
    run_until(scene, is_answered, "the end of the connection");
    assert_int_equal(scene->broken, 1);
    run_until(scene, is_ready, "a new connection");
    assert_string_equal(ask_now(scene, "GET b"), "2");
    store_counters(scene->store, &counters);
    assert_int_equal(counters.lost, 0);
    assert_int_equal(counters.broken, 1);
    assert_int_equal(counters.repeated, 2);
    assert_int_equal(counters.connects, 2);
}

static void bounds_hold_and_losses_are_counted(void **state)
{
    struct scene *scene = *state;
    struct store_counters counters;
    unsigned kept = 0;
    static char large[1 << 20];
    const char *const words[] = {"SET", "large", large};

    memset(large, 'x', sizeof(large) - 1);
    open_store(scene);
    while (store_tell(scene->store, 3, words, NULL))
        kept++;
    assert_int_equal(kept, STORE_BYTES_MAX / sizeof(large) - 1);
    while (tell(scene, "SET a 1"))
        kept++;
    store_counters(scene->store, &counters);
    assert_true(counters.bytes <= STORE_BYTES_MAX);
    assert_true(counters.queued <= STORE_CALLS_MAX);
    assert_int_equal(counters.queued, kept);
    assert_int_equal(counters.lost, 2);
    store_drain(scene->store, 0);
    store_counters(scene->store, &counters);
    assert_int_equal(counters.lost, 2 + kept);
    assert_int_equal(counters.queued, 0);
    for (kept = 0; tell(scene, "SET a 1"); kept++)
        ;
    assert_int_equal(kept, STORE_CALLS_MAX);
}

static void who_cancels_is_not_called(void **state)
{
    struct scene *scene = *state;

    open_both(scene);
    scene->wanted = 1;
    store_cancel(ask(scene, "GET a"));
    assert_non_null(ask(scene, "ECHO second"));
    run_until(scene, is_answered, "an answer");
    assert_int_equal(scene->answers, 1);
    assert_string_equal(scene->text, "second");
}

/* In the middle of a breaking connection. */
static void cancel_other(void *arg, const struct store_reply *reply)
{
    struct scene *scene = arg;

    assert_null(reply);
    scene->broken++;
    store_cancel(scene->other);
    assert_null(ask(scene, "PING"));
    assert_true(tell(scene, "SET late 1"));
}

static void callbacks_may_act_when_it_breaks(void **state)
{
    struct scene *scene = *state;
    const char *const words[] = {"PING"};

    open_both(scene);
    kill(child_pid(scene->server), SIGSTOP);
    assert_non_null(
        store_ask(scene->store, cancel_other, scene, 1, words, NULL));
    scene->other = ask(scene, "PING");
    assert_non_null(scene->other);
    child_kill(scene->server);
    run_until(scene, is_away, "the end of the connection");
    run_until(scene, is_ready, "a new connection");
    assert_int_equal(scene->broken, 1);
    assert_int_equal(scene->answers, 0);
    assert_string_equal(ask_now(scene, "GET late"), "1");
}

static void refused_writes_are_counted_and_said_once(void **state)
{
    struct scene *scene = *state;
    struct store_counters counters;

    open_both(scene);
    ask_now(scene, "CONFIG SET maxmemory 1");
    for (int i = 0; i < 3; i++)
        assert_true(tell(scene, "SET a 1"));
    ask_now(scene, "CONFIG SET maxmemory 0");
    assert_true(tell(scene, "SET a 1"));
    ask_now(scene, "CONFIG SET replica-serve-stale-data yes");
    ask_now(scene, "REPLICAOF 127.0.0.1 1");
    for (int i = 0; i < 3; i++)
        assert_true(tell(scene, "SET a 2"));
    assert_string_equal(ask_now(scene, "GET a"), "1");
    ask_now(scene, "REPLICAOF NO ONE");
    assert_true(tell(scene, "SET a 3"));
    assert_string_equal(ask_now(scene, "GET a"), "3");
    store_counters(scene->store, &counters);
    assert_int_equal(counters.failed, 6);
    assert_int_equal(logged(scene, "its memory is full"), 1);
    assert_int_equal(logged(scene, "it is a replica"), 1);
    assert_int_equal(logged(scene, "takes writes again"), 2);
}

static void large_answers_are_refused_alone(void **state)
{
    struct scene *scene = *state;
    struct store_counters counters;

    open_both(scene);
    ask_now(scene, "SETRANGE large 20000000 x");
    assert_string_equal(scene->text, "20000001");
    ask_now(scene, "GET large");
    assert_int_equal(scene->type, STORE_ERROR);
    assert_int_equal(strncmp(scene->text, "TOOLARGE", 8), 0);
    ask_now(scene, "MGET large nothing");
    assert_int_equal(scene->type, STORE_ERROR);
    ask_now(scene, "SETRANGE fits 10000000 x");
    ask_now(scene, "GET fits");
    assert_int_equal(scene->type, STORE_TEXT);
    assert_string_equal(ask_now(scene, "ECHO on"), "on");
    store_counters(scene->store, &counters);
    assert_int_equal(counters.connects, 1);
}

static void what_is_left_is_sent_at_the_end(void **state)
{
    struct scene *scene = *state;
    struct store_counters counters;
    char line[64];

    open_both(scene);
    for (unsigned i = 0; i < 10000; i++) {
        snprintf(line, sizeof(line), "SET key%u %u", i, i);
        assert_true(tell(scene, line));
    }
    store_drain(scene->store, 10000000);
    store_counters(scene->store, &counters);
    assert_int_equal(counters.lost, 0);
    assert_int_equal(counters.answered, 10000);
    assert_string_equal(ask_now(scene, "DBSIZE"), "10000");
}

static void on_message(void *arg, const char *channel, const char *text)
{
    struct scene *scene = arg;

    assert_string_equal(channel, "news.a");
    snprintf(scene->text, sizeof(scene->text), "%s", text);
    scene->messages++;
}

static void on_watch(void *arg, bool is_on)
{
    struct scene *scene = arg;

    scene->is_watching = is_on;
}

static bool is_watching(const struct scene *scene)
{
    return scene->is_watching;
}

static bool has_message(const struct scene *scene)
{
    return scene->messages > 0;
}

static bool is_not_watching(const struct scene *scene)
{
    return !scene->is_watching;
}

static void messages_come_again_after_an_outage(void **state)
{
    struct scene *scene = *state;
    const struct store_watch_handler handler = {on_message, on_watch, scene};
    struct store_watch *watch;

    open_both(scene);
    watch = store_watch_open(scene->loop, scene->store, "news.*", &handler);
    for (int round = 0; round < 2; round++) {
        run_until(scene, is_watching, "a subscription");
        scene->messages = 0;
        assert_true(tell(scene, "PUBLISH other x"));
        assert_true(tell(scene, "PUBLISH news.a hello"));
        run_until(scene, has_message, "a message");
        assert_string_equal(scene->text, "hello");
        child_kill(scene->server);
        run_until(scene, is_not_watching, "the end of it");
    }
    store_watch_close(watch);
}

/* What listens in place of Redis: it says this to whoever connects. */
struct impostor {
    const char *says;
    size_t len;
    int fd;
    int client;
    unsigned visits;
    struct loop_source *source;
};

static void on_visit(void *arg)
{
    struct impostor *impostor = arg;

    if (impostor->client != -1)
        close(impostor->client);
    impostor->client = accept(impostor->fd, NULL, NULL);
    assert_true(impostor->client != -1);
    impostor->visits++;
    assert_int_equal(
        send(impostor->client, impostor->says, impostor->len, MSG_NOSIGNAL),
        impostor->len);
    shutdown(impostor->client, SHUT_WR);
}

static struct impostor *the_impostor;

static bool is_visited_twice(const struct scene *scene)
{
    (void)scene;
    return the_impostor->visits >= 2;
}

static void impostors_are_away(void **state)
{
    static const struct {
        const char *says;
        size_t len;
    } rows[] = {
        {"", 0},
        {"HTTP/1.1 400 Bad Request\r\n\r\n", 28},
        {"SSH-2.0-OpenSSH_9.2\r\n", 21},
        {":1\r\n", 4},
        {"-ERR max number of clients reached\r\n", 36},
        {"*1\r\n$4\r\nPONG\r\n", 14},
        {"+PONG\r\n+PONG\r\n+PONG\r\n", 21},
        {"+PONG\r\n*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n", 38},
        {"*2147483647\r\n", 13},
        {"$9223372036854775807\r\nx", 23},
        {"\0\0\0\0", 4},
        {"+PO", 3},
    };
    struct scene *scene = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sockaddr_un addr = {.sun_family = AF_UNIX};
        struct impostor impostor = {rows[i].says, rows[i].len, -1, -1, 0, NULL};

        the_impostor = &impostor;
        memcpy(addr.sun_path, scene->socket, strlen(scene->socket));
        unlink(scene->socket);
        impostor.fd = socket(AF_UNIX, SOCK_STREAM, 0);
        assert_int_equal(
            bind(impostor.fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
        assert_int_equal(listen(impostor.fd, 8), 0);
        impostor.source = loop_on_fd(scene->loop, impostor.fd, LOOP_READ,
                                     LOOP_TICK, on_visit, &impostor);
        open_store(scene);
        assert_true(tell(scene, "SET a 1"));
        run_until(scene, is_visited_twice, rows[i].says);
        store_free(scene->store);
        scene->store = NULL;
        loop_source_free(impostor.source);
        close(impostor.fd);
        close(impostor.client);
    }
    the_impostor = NULL;
    assert_true(logged(scene, "is away") >= sizeof(rows) / sizeof(rows[0]));
}

static void none_is_off(void **state)
{
    struct scene *scene = *state;
    struct store_counters counters;

    strcpy(scene->target, "none");
    open_store(scene);
    assert_int_equal(store_state(scene->store), STORE_OFF);
    assert_null(ask(scene, "PING"));
    assert_false(tell(scene, "PING"));
    store_free(scene->store);
    scene->store = NULL; /* which does as well */
    assert_int_equal(store_state(NULL), STORE_OFF);
    assert_null(ask(scene, "PING"));
    assert_false(tell(scene, "PING"));
    store_counters(NULL, &counters);
    assert_int_equal(counters.asked, 0);
    store_drain(NULL, 1);
}

int main(void)
{
#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, open_scene, close_scene)
    const struct CMUnitTest tests[] = {
        TEST(answers_come_in_order),
        TEST(words_may_have_any_bytes),
        TEST(kinds_of_answers_are_told_apart),
        TEST(writes_wait_for_redis_in_order),
        TEST(what_was_not_answered_is_sent_again),
        TEST(bounds_hold_and_losses_are_counted),
        TEST(who_cancels_is_not_called),
        TEST(callbacks_may_act_when_it_breaks),
        TEST(refused_writes_are_counted_and_said_once),
        TEST(large_answers_are_refused_alone),
        TEST(what_is_left_is_sent_at_the_end),
        TEST(messages_come_again_after_an_outage),
        TEST(impostors_are_away),
        TEST(none_is_off),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
