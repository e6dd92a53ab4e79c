"""The page of an authorization request that is refused where no client may be told."""

from reference_api.call import Call, Reply
from reference_api.errors import OAuthError
from reference_api.pages.rendering import Page, page_language, show
from reference_api.pages.texts import load_texts
from reference_api.services import Services


def refusal_page(services: Services, call: Call, fault: OAuthError) -> Reply:
    """What the person sees instead of being sent anywhere. Source: RFC 6749 section 4.1.2.1."""
    language = page_language(call)
    texts = load_texts(language)["fault"]
    values = {
        "heading": texts["request_title"],
        "text": texts["request"],
        "errors": (),
        "code": fault.error,
        "detail": fault.description,
    }
    return show(services, Page("message.html", language, values, status=400))
