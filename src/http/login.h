/* login: in, out, and another password. SPDX-License-Identifier: MIT */
#ifndef KELVIN_HTTP_LOGIN_H
#define KELVIN_HTTP_LOGIN_H

#include "http/response.h"

/*
 * The pages are files of html/, which say what happened when they are asked
 * for with a fragment (#wrong); ?message= tells programs the same. Without a
 * script they work by posting to their own URL.
 */

/* GET: the form. POST: `user` and `password` begin a session, which goes on
 * at `referer` (a path here). */
void login_page(struct response *response);

/* GET: a form. POST: the session ends. */
void login_out_page(struct response *response);

/* GET: a form. POST: `old_password`, `new_password`, `confirm_password`. */
void login_password_page(struct response *response);

#endif
