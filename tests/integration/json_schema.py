"""The part of JSON Schema 2020-12 that broker/http/openapi.json uses, and nothing else: an unknown keyword is an error."""
import json
import re

IGNORED = {"description", "default"}
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


def is_type(value, name):
    if name in ("integer", "number"):
        return isinstance(value, int if name == "integer" else (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def errors(value, schema, document, at="$"):
    """What is wrong with `value`, a line each."""
    found = []
    for word, wanted in schema.items():
        if word == "$ref":
            target = document
            for step in wanted.removeprefix("#/").split("/"):
                target = target[step]
            found += errors(value, target, document, at)
        elif word == "type":
            if not any(is_type(value, name) for name in ([wanted] if isinstance(wanted, str) else wanted)):
                found.append(f"{at}: {json.dumps(value)[:60]} is not {wanted}")
        elif word == "properties":
            for name in wanted.keys() & (value.keys() if isinstance(value, dict) else ()):
                found += errors(value[name], wanted[name], document, f"{at}.{name}")
        elif word == "required":
            found += [f"{at}: {name} is missing" for name in wanted if isinstance(value, dict) and name not in value]
        elif word == "additionalProperties":
            for name in (value.keys() if isinstance(value, dict) else set()) - schema.get("properties", {}).keys():
                if wanted is False:
                    found.append(f"{at}: {name} is not described")
                else:
                    found += errors(value[name], wanted, document, f"{at}.{name}")
        elif word == "items":
            for i, item in enumerate(value if isinstance(value, list) else ()):
                found += errors(item, wanted, document, f"{at}[{i}]")
        elif word == "enum":
            if value not in wanted:
                found.append(f"{at}: {value!r} is none of {wanted}")
        elif word == "pattern":
            if isinstance(value, str) and not re.search(wanted, value):
                found.append(f"{at}: {value!r} does not match {wanted}")
        elif word == "minimum":
            if isinstance(value, (int, float)) and value < wanted:
                found.append(f"{at}: {value} is less than {wanted}")
        elif word == "maximum":
            if isinstance(value, (int, float)) and value > wanted:
                found.append(f"{at}: {value} is more than {wanted}")
        elif word not in IGNORED:
            raise AssertionError(f"{at}: json_schema.py does not know {word}")
    return found
