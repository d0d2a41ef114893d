/* cors: answers that pages of other sites may read.
 * SPDX-License-Identifier: MIT */
#include "http/cors.h"

/* Seconds that a browser need not ask again. */
#define MAX_AGE "600"

bool cors_is_preflight(const struct request *request)
{
    return request->head.method == HTTP_OPTIONS &&
           request_header(request, "Origin") != NULL &&
           request_header(request, "Access-Control-Request-Method") != NULL;
}

void cors_answer_preflight(struct response *response)
{
    const struct request *request = response_request(response);

    response_header(response, "Access-Control-Allow-Origin",
                    request_header(request, "Origin"));
    response_header(response, "Access-Control-Allow-Methods",
                    "GET, POST, OPTIONS");
    response_header(response, "Access-Control-Allow-Headers",
                    "Content-Type, Authorization");
    response_header(response, "Access-Control-Max-Age", MAX_AGE);
    response_header(response, "Vary", "Origin");
    response_empty(response, 200);
}

void cors_share(struct response *response)
{
    const struct request *request = response_request(response);
    const char *origin = request_header(request, "Origin");

    response_header(response, "Vary", "Origin");
    if (origin != NULL && (request->is_basic || request->role == ROLE_NONE))
        response_header(response, "Access-Control-Allow-Origin", origin);
}
