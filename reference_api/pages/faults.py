"""The page that tells a person of a fault."""

from reference_api.call import Reply
from reference_api.errors import ApiError
from reference_api.pages.rendering import Page, render
from reference_api.pages.texts import choose_language, load_texts
from reference_api.settings import Settings


def fault_page(settings: Settings, accept_language: str, fault: ApiError) -> Reply:
    """A fault as a page, in the language that the browser prefers; its headers stay."""
    language = choose_language(accept_language)
    texts = load_texts(language)["fault"]
    values = {
        "heading": texts["title"],
        "text": texts["busy"] if fault.status == 503 else texts["lead"],
        "errors": (),
        "code": fault.problem,
        "detail": fault.detail,
    }
    reply = render(settings, Page("message.html", language, values, status=fault.status))
    return Reply(reply.status, reply.body, {**fault.headers, **reply.headers}, reply.media_type)
