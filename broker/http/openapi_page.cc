#include "broker/http/openapi_page.h"

#include <utility>

#include "broker/http/parameters.h"
#include "broker/http/stored_file.h"

namespace qalam {

void AddOpenApiPage(HttpPages& pages) {
  pages.Add("/openapi.json", WithParameters({}, [](const HttpRequest& request, HttpReply reply) {
              reply(ServeStored(EmbeddedOpenApi().front(), request, "no-cache"));
            }));
}

}  // namespace qalam
