"""The contract as the server serves it, and its schemas, which every answer in these tests has to keep."""

from functools import cache
from typing import Any

from django.test import Client
from lxml import etree

XSD = "{http://www.w3.org/2001/XMLSchema}"


def served(query: str = "wsdl", **headers: str) -> Any:
    response = Client().get(f"/OkPayAPI?{query}", headers=headers)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/xml; charset=utf-8"
    return etree.fromstring(response.content)


@cache
def schemas() -> etree.XMLSchema:
    """All schemas of the document as one, which imports the others from memory."""
    documents = {schema.get("targetNamespace"): schema for schema in served().iter(XSD + "schema")}

    class FromMemory(etree.Resolver):
        def resolve(self, url: str, public_id: str | None, context: Any) -> Any:
            return self.resolve_string(etree.tostring(documents[url]), context)

    parser = etree.XMLParser()
    parser.resolvers.add(FromMemory())
    for schema in documents.values():
        for node in schema.findall(XSD + "import"):
            node.set("schemaLocation", node.get("namespace"))
    imports = "".join(f'<xs:import namespace="{uri}" schemaLocation="{uri}"/>' for uri in documents)
    whole = f'<xs:schema xmlns:xs="{XSD[1:-1]}">{imports}</xs:schema>'
    return etree.XMLSchema(etree.fromstring(whole.encode(), parser))
