/* sink_mysql: records in tables of MySQL and MariaDB. SPDX-License-Identifier:
 * MIT */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/log.h"
#include "core/util/mem.h"
#include "export/finder.h"
#include "export/mysql_link.h"
#include "export/mysql_rows.h"
#include "export/sink.h"

/*
 * After connecting, the schema: the database, two tables (IPv4, IPv6), and the
 * columns that an older table lacks. Then batches, each at most one INSERT a
 * table. FLOW_ID is unique and INSERT ignores what is there, so a record that
 * is sent twice is there once. When something fails, the connection is given
 * up and all begins anew after 1, 2, 4 ... 30 seconds: this is also what
 * Galera wants of a client whose transaction lost.
 */
#define PORT 3306
#define BATCH_ROWS 1000
#define BATCH_BYTES (1u << 20)
#define SQL_MAX (64u << 20)
#define PAUSE_MIN_US 1000000
#define PAUSE_MAX_US 30000000
#define FRESH_US 2000000 /* a statement so old makes records go to disk */
#define RETENTION_DAYS 7
#define RETENTION_FIRST_US (INT64_C(60) * 1000000)
#define RETENTION_EVERY_US (INT64_C(3600) * 1000000)
#define RETENTION_ROWS 5000 /* deleted at a time */
#define TABLES 2

static const char *const suffixes[TABLES] = {"v4", "v6"};

/* The states in their order; those of a table come once for each. */
enum stage {
    ASLEEP,
    CONNECTING,
    SET_MODE,
    CREATE_DATABASE,
    USE_DATABASE,
    CREATE_TABLE,
    LIST_COLUMNS,
    ADD_COLUMNS,
    READY,
    INSERTING,
    DELETING,
};

struct sink_mysql {
    char *host; /* or the path of a socket */
    uint16_t port;
    char *database;
    char *table;
    char *user;
    char *password;
    struct finder *finder; /* NULL: it has a socket */
    char address[INET6_ADDRSTRLEN];
    const struct sink_host *sink_host;
    struct mysql_link *link;
    struct mysql_link *old; /* to be freed outside of its callback */
    struct loop_source *pause;
    struct loop_source *retention;
    int64_t pause_us;
    int64_t asked_us;
    enum stage stage;
    unsigned tries;
    unsigned at;           /* the table that the stage is about */
    struct strbuf missing; /* ADD COLUMN ..., of this table */
    struct strbuf rows[TABLES];
    size_t count;    /* of records in the batch */
    size_t rejected; /* of these */
    size_t max_rows;
    bool is_retention_due;
    bool has_told_rejected;
    bool is_failing;
    struct sink_status status;
};

static void begin(void *arg);
static void ask(struct sink_mysql *sink);

/* The spec */

/* What stands between backquotes, and needs none to be escaped. */
static bool is_name(const char *text)
{
    size_t len = strlen(text);

    return len > 0 && len <= 56 &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-$"
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == len;
}

static void clear_batch(struct sink_mysql *sink)
{
    for (unsigned i = 0; i < TABLES; i++)
        strbuf_reset(&sink->rows[i]);
    sink->count = sink->rejected = 0;
}

static void mysql_sink_close(void *arg, struct sink_status *status)
{
    struct sink_mysql *sink = arg;

    *status = (struct sink_status){0};
    loop_source_free(sink->pause);
    loop_source_free(sink->retention);
    mysql_link_free(sink->link);
    mysql_link_free(sink->old);
    finder_free(sink->finder);
    for (unsigned i = 0; i < TABLES; i++)
        strbuf_free(&sink->rows[i]);
    strbuf_free(&sink->missing);
    spec_forget(sink->user);
    spec_forget(sink->password);
    free(sink->host);
    free(sink->database);
    free(sink->table);
    free(sink);
}

static bool is_good_target(const struct sink_mysql *sink, struct strbuf *error)
{
    if (sink->host[0] != '/' && !finder_is_host(sink->host))
        strbuf_puts(error, "the first field must be a host or a socket");
    else if (!is_name(sink->database) || !is_name(sink->table))
        strbuf_puts(error, "database and table must be of letters, digits "
                           "and _-$");
    else
        return true;
    return false;
}

static bool read_port(struct sink_mysql *sink, struct spec *spec,
                      struct strbuf *error)
{
    const char *text = spec_option(spec, "port");

    sink->port = PORT;
    return text == NULL || spec_port(text, &sink->port, error);
}

static void *mysql_parse(struct spec *spec, struct strbuf *error)
{
    struct sink_mysql *sink = mem_calloc(1, sizeof(*sink));
    struct sink_status ignored;

    sink->host = mem_strdup(spec_field(spec, 0));
    sink->database = mem_strdup(spec_field(spec, 1));
    sink->table = mem_strdup(spec_field(spec, 2));
    sink->pause_us = PAUSE_MIN_US;
    sink->max_rows = BATCH_ROWS;
    strbuf_init(&sink->missing, SQL_MAX);
    for (unsigned i = 0; i < TABLES; i++)
        strbuf_init(&sink->rows[i], SQL_MAX);
    if (is_good_target(sink, error) && read_port(sink, spec, error) &&
        (sink->user = spec_secret(spec_field(spec, 3), error)) != NULL &&
        (sink->password = spec_secret(spec_field(spec, 4), error)) != NULL)
        return sink;
    mysql_sink_close(sink, &ignored);
    return NULL;
}

/* Failing */

static void wake(const struct sink_mysql *sink)
{
    sink->sink_host->wake(sink->sink_host->arg);
}

/* The link may be in its callback: it is freed when the next one begins. */
static void drop_link(struct sink_mysql *sink)
{
    mysql_link_free(sink->old);
    sink->old = sink->link;
    sink->link = NULL;
}

static void fail(struct sink_mysql *sink, const char *why)
{
    if (!sink->is_failing)
        log_warnx("export", "%s: %s", sink->sink_host->name, why);
    sink->is_failing = true;
    drop_link(sink);
    if (sink->count > 0)
        sink->status.again = true;
    clear_batch(sink);
    sink->stage = ASLEEP;
    loop_source_free(sink->pause);
    sink->pause = loop_after(sink->sink_host->loop, sink->pause_us, LOOP_PEER,
                             begin, sink);
    sink->pause_us *= 2;
    if (sink->pause_us > PAUSE_MAX_US)
        sink->pause_us = PAUSE_MAX_US;
    wake(sink);
}

/* Statements */

static void add_create_table(const struct sink_mysql *sink, struct strbuf *sql)
{
    const char *suffix = suffixes[sink->at];
    const struct mysql_column *column;

    strbuf_printf(sql,
                  "CREATE TABLE IF NOT EXISTS `%s%s` (`idx` bigint unsigned "
                  "NOT NULL AUTO_INCREMENT PRIMARY KEY",
                  sink->table, suffix);
    for (size_t i = 0; (column = mysql_column(i)) != NULL; i++)
        strbuf_printf(sql, ",`%s` %s", column->name, column->type[sink->at]);
    strbuf_printf(sql,
                  ",UNIQUE KEY `ix_%s%s_flow_id` (`FLOW_ID`)"
                  ",KEY `ix_%s%s_ntopng_first_src_dst`"
                  " (`FIRST_SWITCHED`,`IP_SRC_ADDR`,`IP_DST_ADDR`)"
                  ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
                  sink->table, suffix, sink->table, suffix);
}

static void add_insert(const struct sink_mysql *sink, struct strbuf *sql)
{
    const struct mysql_column *column;

    strbuf_printf(sql, "INSERT IGNORE INTO `%s%s` (", sink->table,
                  suffixes[sink->at]);
    for (size_t i = 0; (column = mysql_column(i)) != NULL; i++)
        strbuf_printf(sql, "%s`%s`", i == 0 ? "" : ",", column->name);
    strbuf_puts(sql, ") VALUES ");
    strbuf_add(sql, sink->rows[sink->at].text, sink->rows[sink->at].len);
}

static void add_delete(const struct sink_mysql *sink, struct strbuf *sql)
{
    const struct prefs *prefs = sink->sink_host->prefs;
    int64_t days =
        prefs != NULL ? prefs_int(prefs, PREF_MYSQL_RETENTION) : RETENTION_DAYS;
    const char *name = engine_config(sink->sink_host->engine)->instance_name;
    char escaped[2 * 256 + 1];
    size_t len = name != NULL ? strlen(name) : 0;

    len = mysql_link_escape(sink->link, escaped, name, len < 256 ? len : 256);
    strbuf_printf(sql,
                  "DELETE FROM `%s%s` WHERE `FIRST_SWITCHED` < "
                  "UNIX_TIMESTAMP() - %" PRId64
                  " AND `NTOPNG_INSTANCE_NAME`='%.*s' LIMIT %d",
                  sink->table, suffixes[sink->at], days * 86400, (int)len,
                  escaped, RETENTION_ROWS);
}

static void add_statement(const struct sink_mysql *sink, struct strbuf *sql)
{
    switch (sink->stage) {
    case SET_MODE: /* values that are too large are cut, not refused */
        strbuf_puts(sql, "SET SESSION sql_mode=''");
        break;
    case CREATE_DATABASE:
        strbuf_printf(sql, "CREATE DATABASE IF NOT EXISTS `%s`",
                      sink->database);
        break;
    case USE_DATABASE:
        strbuf_printf(sql, "USE `%s`", sink->database);
        break;
    case CREATE_TABLE:
        add_create_table(sink, sql);
        break;
    case LIST_COLUMNS:
        strbuf_printf(sql,
                      "SELECT COLUMN_NAME FROM information_schema.COLUMNS "
                      "WHERE TABLE_SCHEMA='%s' AND TABLE_NAME='%s%s'",
                      sink->database, sink->table, suffixes[sink->at]);
        break;
    case ADD_COLUMNS:
        strbuf_printf(sql, "ALTER TABLE `%s%s` %s", sink->table,
                      suffixes[sink->at], sink->missing.text);
        break;
    case INSERTING:
        add_insert(sink, sql);
        break;
    case DELETING:
        add_delete(sink, sql);
        break;
    default:
        break;
    }
}

/* Answers */

/* What the table does not have yet. */
static void find_missing(struct sink_mysql *sink,
                         const struct mysql_answer *answer)
{
    const struct mysql_column *column;
    const char *name;
    uint64_t known = 0;

    strbuf_reset(&sink->missing);
    while ((name = mysql_answer_next(answer)) != NULL)
        for (size_t i = 0; (column = mysql_column(i)) != NULL; i++)
            if (strcasecmp(column->name, name) == 0)
                known |= UINT64_C(1) << i;
    for (size_t i = 0; (column = mysql_column(i)) != NULL; i++)
        if ((known >> i & 1) == 0)
            strbuf_printf(&sink->missing, "%sADD COLUMN `%s` %s",
                          sink->missing.len > 0 ? "," : "", column->name,
                          column->type[sink->at]);
}

static void be_ready(struct sink_mysql *sink)
{
    if (sink->is_failing)
        log_notice("export", "%s: takes records", sink->sink_host->name);
    sink->is_failing = false;
    sink->stage = READY;
    sink->at = 0;
    wake(sink);
}

static void end_batch(struct sink_mysql *sink)
{
    sink->status.exported += sink->count - sink->rejected;
    sink->status.rejected += sink->rejected;
    sink->max_rows = BATCH_ROWS;
    sink->pause_us = PAUSE_MIN_US;
    clear_batch(sink);
    be_ready(sink);
}

/* On to the next table that has rows. */
static void go_on_inserting(struct sink_mysql *sink)
{
    while (sink->at < TABLES && sink->rows[sink->at].len == 0)
        sink->at++;
    if (sink->at < TABLES)
        ask(sink);
    else
        end_batch(sink);
}

static void go_on(struct sink_mysql *sink, const struct mysql_answer *answer)
{
    switch (sink->stage) {
    case LIST_COLUMNS:
        find_missing(sink, answer);
        sink->stage = ADD_COLUMNS;
        if (sink->missing.len > 0)
            break;
        /* fall through */
    case ADD_COLUMNS:
        sink->stage = ++sink->at < TABLES ? CREATE_TABLE : READY;
        if (sink->stage == READY) {
            be_ready(sink);
            return;
        }
        break;
    case INSERTING:
        sink->at++;
        go_on_inserting(sink);
        return;
    case DELETING:
        if (answer->affected < RETENTION_ROWS && ++sink->at == TABLES) {
            sink->is_retention_due = false;
            be_ready(sink);
            return;
        }
        break;
    default:
        sink->stage++;
    }
    ask(sink);
}

/* A value is refused (SQLSTATE 22...): find the record, and drop it. */
static void narrow(struct sink_mysql *sink, const char *why)
{
    if (sink->count > 1) {
        sink->max_rows = 1;
        sink->status.again = true;
        clear_batch(sink);
        be_ready(sink);
        return;
    }
    if (!sink->has_told_rejected)
        log_warnx("export",
                  "%s: records are refused and dropped, for example: %s",
                  sink->sink_host->name, why);
    sink->has_told_rejected = true;
    sink->rejected = sink->count;
    end_batch(sink);
}

static void on_answer(void *arg, const struct mysql_answer *answer)
{
    struct sink_mysql *sink = arg;
    bool is_refused =
        answer->error != NULL && strncmp(answer->sqlstate, "22", 2) == 0;

    if (answer->error == NULL || sink->stage == CREATE_DATABASE)
        go_on(sink, answer); /* a user without that right may have it made */
    else if (sink->stage == INSERTING && is_refused)
        narrow(sink, answer->error);
    else
        fail(sink, answer->error);
}

static void ask(struct sink_mysql *sink)
{
    struct strbuf sql;

    strbuf_init(&sql, SQL_MAX);
    add_statement(sink, &sql);
    sink->asked_us = loop_now_us(sink->sink_host->loop);
    sink->status.bytes += sink->stage == INSERTING ? sql.len : 0;
    mysql_link_query(sink->link, sql.text, sql.len, on_answer, sink);
    strbuf_free(&sql);
}

static void send_batch(struct sink_mysql *sink)
{
    sink->stage = INSERTING;
    sink->at = 0;
    go_on_inserting(sink);
}

static void connect_link(struct sink_mysql *sink)
{
    struct mysql_target target = {
        .host = sink->address,
        .socket = sink->finder == NULL ? sink->host : NULL,
        .port = sink->port,
        .user = sink->user,
        .password = sink->password,
    };

    sink->link = mysql_link_new(sink->sink_host->loop);
    mysql_link_connect(sink->link, &target, on_answer, sink);
}

/* The library would look the name up by waiting. */
static void on_found(void *arg, const struct address *addresses, size_t count)
{
    struct sink_mysql *sink = arg;
    const struct address *to =
        &addresses[count > 0 ? sink->tries++ % count : 0];

    if (count == 0) {
        fail(sink, "the host cannot be found");
        return;
    }
    if (to->any.sa_family == AF_INET)
        inet_ntop(AF_INET, &to->v4.sin_addr, sink->address,
                  sizeof(sink->address));
    else
        inet_ntop(AF_INET6, &to->v6.sin6_addr, sink->address,
                  sizeof(sink->address));
    connect_link(sink);
}

static void begin(void *arg)
{
    struct sink_mysql *sink = arg;

    mysql_link_free(sink->old);
    sink->old = NULL;
    sink->stage = CONNECTING;
    sink->at = 0;
    if (sink->finder == NULL)
        connect_link(sink);
    else
        finder_find(sink->finder, on_found, sink);
}

static void on_retention(void *arg)
{
    struct sink_mysql *sink = arg;

    sink->is_retention_due = true;
    loop_source_free(sink->retention);
    sink->retention = loop_after(sink->sink_host->loop, RETENTION_EVERY_US,
                                 LOOP_PEER, on_retention, sink);
    wake(sink);
}

/* The sink */

static void mysql_start(void *arg, const struct sink_host *host)
{
    struct sink_mysql *sink = arg;

    sink->sink_host = host;
    if (sink->host[0] != '/') {
        sink->finder = finder_new(sink->host, sink->port);
        finder_start(sink->finder, host->loop);
    }
    sink->retention = loop_after(host->loop, RETENTION_FIRST_US, LOOP_PEER,
                                 on_retention, sink);
    begin(sink);
}

static bool take(struct sink_mysql *sink, const struct sink_record *record)
{
    struct strbuf *rows = &sink->rows[mysql_row_is_v6(record)];

    if (sink->count >= sink->max_rows || rows->len > BATCH_BYTES)
        return false;
    if (rows->len > 0)
        strbuf_puts(rows, ",");
    if (!mysql_row_add(rows, sink->link, record, sink->sink_host->engine)) {
        rows->len -= rows->len > 0; /* its comma */
        sink->rejected++;
    }
    sink->count++;
    return true;
}

static size_t mysql_offer(void *arg, const struct sink_record *records,
                          size_t count)
{
    struct sink_mysql *sink = arg;
    size_t taken = 0;

    if (sink->stage != READY || sink->is_retention_due)
        return 0;
    while (taken < count && take(sink, &records[taken]))
        taken++;
    if (taken < count)
        send_batch(sink);
    else if (taken > 0)
        wake(sink);
    return taken;
}

static void mysql_hurry(void *arg)
{
    struct sink_mysql *sink = arg;

    if (sink->stage == ASLEEP && sink->sink_host != NULL)
        begin(sink);
}

static void mysql_acknowledge(void *arg, int wait_ms,
                              struct sink_status *status)
{
    struct sink_mysql *sink = arg;

    (void)wait_ms;
    if (sink->stage == READY && sink->count > 0) {
        send_batch(sink);
    } else if (sink->stage == READY && sink->is_retention_due) {
        sink->stage = DELETING;
        sink->at = 0;
        ask(sink);
    }
    *status = sink->status;
    sink->status = (struct sink_status){0};
    status->is_failing = sink->is_failing;
    status->is_trying = sink->stage != ASLEEP;
    status->is_moving =
        !sink->is_failing && sink->sink_host != NULL &&
        loop_now_us(sink->sink_host->loop) - sink->asked_us < FRESH_US;
}

static void mysql_sink_answer(const void *arg, struct strbuf *out)
{
    const struct sink_mysql *sink = arg;

    if (sink->stage >= SET_MODE)
        strbuf_printf(out, "MySQL %s", mysql_link_server(sink->link));
}

const struct sink_kind *sink_mysql(void)
{
    static const struct sink_kind kind = {
        .name = "mysql",
        .form = "mysql;HOST|SOCKET;DATABASE;TABLE;USER;PASSWORD",
        .fields_min = 5,
        .fields_max = 5,
        .secrets = 1u << 4,
        .parse = mysql_parse,
        .start = mysql_start,
        .offer = mysql_offer,
        .hurry = mysql_hurry,
        .acknowledge = mysql_acknowledge,
        .answer = mysql_sink_answer,
        .close = mysql_sink_close,
    };

    return &kind;
}
