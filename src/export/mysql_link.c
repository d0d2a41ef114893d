/* mysql_link: one connection to MySQL or MariaDB. SPDX-License-Identifier: MIT
 */
#include "export/mysql_link.h"

#include <mariadb/mysql.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/util/mem.h"

#define CONNECT_TIMEOUT_S 10
#define ANSWER_TIMEOUT_S 60
/* Logins that keep the password from the server. The library knows others,
 * which a server may ask for: one sends it as it is, one asks at the
 * terminal and waits. */
#define LOGINS "mysql_native_password,client_ed25519,caching_sha2_password"

/* The library's functions come in pairs: NAME_start, and NAME_cont as long as
 * it says what it waits for. */
enum operation { NOTHING, CONNECT, QUERY, STORE };

struct mysql_link {
    struct loop *loop;
    MYSQL *mysql;
    enum operation operation;
    MYSQL *connected;
    int failed; /* the result of a query */
    MYSQL_RES *result;
    char *sql;
    struct loop_source *reading;
    struct loop_source *writing;
    struct loop_source *limit;
    mysql_link_done *done;
    void *arg;
};

static void on_event(struct mysql_link *link, int event);

struct mysql_link *mysql_link_new(struct loop *loop)
{
    struct mysql_link *link = mem_calloc(1, sizeof(*link));
    const unsigned connect_s = CONNECT_TIMEOUT_S;
    const unsigned answer_s = ANSWER_TIMEOUT_S;
    const unsigned no_files = 0; /* of this machine, for the server */

    link->loop = loop;
    link->mysql = mysql_init(NULL);
    if (link->mysql == NULL)
        abort(); /* out of memory, as mem.h would */
    mysql_options(link->mysql, MYSQL_OPT_NONBLOCK, 0);
    mysql_options(link->mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
    mysql_options(link->mysql, MYSQL_OPT_READ_TIMEOUT, &answer_s);
    mysql_options(link->mysql, MYSQL_OPT_WRITE_TIMEOUT, &answer_s);
    mysql_options(link->mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    if (mysql_options(link->mysql, MARIADB_OPT_RESTRICTED_AUTH, LOGINS) != 0)
        abort(); /* a library without it is not one to log in with */
    mysql_options(link->mysql, MYSQL_OPT_LOCAL_INFILE, &no_files);
    return link;
}

static void stop_waiting(struct mysql_link *link)
{
    loop_source_free(link->reading);
    loop_source_free(link->writing);
    loop_source_free(link->limit);
    link->reading = link->writing = link->limit = NULL;
}

static void free_result(struct mysql_link *link)
{
    if (link->result != NULL)
        mysql_free_result(link->result);
    link->result = NULL;
}

void mysql_link_free(struct mysql_link *link)
{
    int fd;

    if (link == NULL)
        return;
    stop_waiting(link);
    free_result(link);
    /* It would say goodbye, which a server that hangs would make wait. */
    fd = mysql_get_socket(link->mysql);
    if (fd >= 0)
        (void)shutdown(fd, SHUT_RDWR);
    mysql_close(link->mysql);
    free(link->sql);
    free(link);
}

static void on_readable(void *arg)
{
    on_event(arg, MYSQL_WAIT_READ);
}

static void on_writable(void *arg)
{
    on_event(arg, MYSQL_WAIT_WRITE);
}

static void on_limit(void *arg)
{
    on_event(arg, MYSQL_WAIT_TIMEOUT);
}

/* What `waits` asks for is to happen. */
static void wait_for(struct mysql_link *link, int waits)
{
    int fd = mysql_get_socket(link->mysql);

    if ((waits & (MYSQL_WAIT_READ | MYSQL_WAIT_EXCEPT)) != 0)
        link->reading =
            loop_on_fd(link->loop, fd, LOOP_READ, LOOP_PEER, on_readable, link);
    if ((waits & MYSQL_WAIT_WRITE) != 0)
        link->writing = loop_on_fd(link->loop, fd, LOOP_WRITE, LOOP_PEER,
                                   on_writable, link);
    if ((waits & MYSQL_WAIT_TIMEOUT) != 0)
        link->limit = loop_after(
            link->loop, (int64_t)mysql_get_timeout_value_ms(link->mysql) * 1000,
            LOOP_PEER, on_limit, link);
}

static void tell(struct mysql_link *link, bool has_failed)
{
    struct mysql_answer answer = {
        .error = has_failed ? mysql_error(link->mysql) : NULL,
        .sqlstate = mysql_sqlstate(link->mysql),
        .code = mysql_errno(link->mysql),
        .affected = has_failed ? 0 : mysql_affected_rows(link->mysql),
        .link = link,
    };

    link->operation = NOTHING;
    link->done(link->arg, &answer);
}

/* An operation has come to its end. @return what the next one waits for; 0:
 * there is none. */
static int follow(struct mysql_link *link)
{
    if (link->operation == QUERY && link->failed == 0) {
        link->operation = STORE;
        return mysql_store_result_start(&link->result, link->mysql);
    }
    return 0;
}

static bool has_failed(const struct mysql_link *link)
{
    switch (link->operation) {
    case CONNECT:
        return link->connected == NULL;
    case QUERY:
        return link->failed != 0;
    default:
        return link->result == NULL && mysql_errno(link->mysql) != 0;
    }
}

static void step(struct mysql_link *link, int waits)
{
    while (waits == 0) {
        enum operation before = link->operation;

        waits = follow(link);
        if (link->operation == before) {
            tell(link, has_failed(link));
            return;
        }
    }
    wait_for(link, waits);
}

static void on_event(struct mysql_link *link, int event)
{
    int waits = 0;

    stop_waiting(link);
    switch (link->operation) {
    case CONNECT:
        waits = mysql_real_connect_cont(&link->connected, link->mysql, event);
        break;
    case QUERY:
        waits = mysql_real_query_cont(&link->failed, link->mysql, event);
        break;
    case STORE:
        waits = mysql_store_result_cont(&link->result, link->mysql, event);
        break;
    case NOTHING:
        return;
    }
    step(link, waits);
}

/* What was done at once is told from the loop. */
static void on_done_at_once(void *arg)
{
    struct mysql_link *link = arg;

    stop_waiting(link);
    step(link, 0);
}

static void begin(struct mysql_link *link, enum operation operation, int waits)
{
    link->operation = operation;
    if (waits != 0)
        wait_for(link, waits);
    else
        link->limit =
            loop_after(link->loop, 0, LOOP_PEER, on_done_at_once, link);
}

void mysql_link_connect(struct mysql_link *link,
                        const struct mysql_target *target,
                        mysql_link_done *done, void *arg)
{
    int waits;

    link->done = done;
    link->arg = arg;
    waits = mysql_real_connect_start(
        &link->connected, link->mysql,
        target->socket != NULL ? "localhost" : target->host, target->user,
        target->password, NULL, target->port, target->socket, 0);
    begin(link, CONNECT, waits);
}

void mysql_link_query(struct mysql_link *link, const char *sql, size_t len,
                      mysql_link_done *done, void *arg)
{
    int waits;

    free_result(link);
    free(link->sql);
    link->sql = mem_alloc(len);
    memcpy(link->sql, sql, len);
    link->done = done;
    link->arg = arg;
    waits = mysql_real_query_start(&link->failed, link->mysql, link->sql, len);
    begin(link, QUERY, waits);
}

const char *mysql_answer_next(const struct mysql_answer *answer)
{
    MYSQL_ROW row = answer->link->result != NULL
                        ? mysql_fetch_row(answer->link->result)
                        : NULL;

    if (row == NULL)
        return NULL;
    return row[0] != NULL ? row[0] : "";
}

size_t mysql_link_escape(struct mysql_link *link, char *to, const char *from,
                         size_t len)
{
    return mysql_real_escape_string(link->mysql, to, from, len);
}

const char *mysql_link_server(const struct mysql_link *link)
{
    return mysql_get_server_info(link->mysql);
}
