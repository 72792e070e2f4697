"""Says whether an OpenAPI 3.1 document is sound."""

import json
import sys

from openapi_spec_validator import OpenAPIV31SpecValidator, validate

validate(json.load(sys.stdin), cls=OpenAPIV31SpecValidator)
print("sound")
