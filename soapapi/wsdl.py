"""The contract as a document: spyne's, reshaped to what OKPAY's .NET service served, down to the names of messages.

Generated clients depend on it: .NET and Axis make empty or wrong ones from spyne's own form. One document without
imports of others, since node-soap, Axis and Mono cannot follow those.
"""

from enum import IntEnum
from functools import lru_cache
from xml.sax.saxutils import escape

from lxml import etree
from spyne import Application
from spyne.interface.wsdl import Wsdl11

from soapapi import namespaces as ns
from soapapi import types
from soapapi.contract import PORT_TYPE, SERVICE_NAME

WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
SOAP = "{http://schemas.xmlsoap.org/wsdl/soap/}"
XSD = "{http://www.w3.org/2001/XMLSchema}"
WSAW = "http://www.w3.org/2006/05/addressing/wsdl"
SERIALIZATION = "http://schemas.microsoft.com/2003/10/Serialization/"
PREFIXES = {
    "wsdl": "http://schemas.xmlsoap.org/wsdl/",
    "soap": "http://schemas.xmlsoap.org/wsdl/soap/",
    "wsaw": WSAW,
    "xs": "http://www.w3.org/2001/XMLSchema",
    "tns": ns.T,
    "a": ns.A,
    "l": ns.L,
    "d": ns.D,
}
BINDING = f"BasicHttpBinding_{PORT_TYPE}"
ORDER_OF_SCHEMAS = (ns.T, ns.A, ns.L, ns.D)
# The address in the document is that of the request, so it is put in last.
PLACEHOLDER = "https://address.invalid/OkPayAPI"


def build(application: Application) -> bytes:
    """The document, with a placeholder for the address. Once per process; spyne needs a tenth of a second for it."""
    document = Wsdl11(application.interface)
    document.event_manager.add_listener("wsdl_document_built", lambda built: _reshape(built.root_elt))
    document.build_interface_document(PLACEHOLDER)
    root = etree.fromstring(document.get_interface_document())
    return bytes(etree.tostring(_with_prefixes(root), xml_declaration=True, encoding="utf-8"))


@lru_cache(maxsize=100)
def at(document: bytes, address: str) -> bytes:
    """The document for a service at this address."""
    return document.replace(PLACEHOLDER.encode(), escape(address, {'"': "&quot;"}).encode())


def _reshape(root: etree._Element) -> None:
    schemas = {schema.get("targetNamespace"): schema for schema in root.iter(XSD + "schema")}
    for schema in schemas.values():
        _number_enumerations(schema)
        _allow_nil_elements(schema)
        schema[:] = sorted(schema, key=_place)
    _make_wrappers_anonymous(schemas[ns.T])
    root.find(WSDL + "types")[:] = [schemas[namespace] for namespace in ORDER_OF_SCHEMAS]

    for message in root.iter(WSDL + "message"):
        operation = message.get("name").removesuffix("Response")
        message.set("name", _message_name(operation, response=message.get("name") != operation))
        message[0].set("name", "parameters")
    for operation in root.find(WSDL + "portType"):
        _reshape_operation(operation)
    _reshape_binding(root.find(WSDL + "binding"))
    service = root.find(WSDL + "service")
    service.set("name", SERVICE_NAME)
    service[0].set("name", BINDING)
    service[0].set("binding", f"tns:{BINDING}")
    root.append(service)


def _place(node: etree._Element) -> tuple[bool, str]:
    """Imports first. spyne's own order changes from one start to the next."""
    return node.tag != XSD + "import", node.get("namespace") or node.get("name")


def _number_enumerations(schema: etree._Element) -> None:
    """Say the number of each value that does not simply count on from the one before."""
    kinds = {kind.__name__: kind for kind in types.NAMESPACES if issubclass(kind, IntEnum)}
    for simple_type in schema.iter(XSD + "simpleType"):
        numbers = kinds[simple_type.get("name")].__members__
        for place, value in enumerate(simple_type.iter(XSD + "enumeration")):
            number = int(numbers[value.get("value")])
            if number != place:
                appinfo = etree.SubElement(etree.SubElement(value, XSD + "annotation"), XSD + "appinfo")
                note = etree.SubElement(appinfo, f"{{{SERIALIZATION}}}EnumerationValue", nsmap={None: SERIALIZATION})
                note.text = str(number)


def _allow_nil_elements(schema: etree._Element) -> None:
    """Each type has an element of its name, which may be nil."""
    if schema.get("targetNamespace") == ns.T:
        return
    for old in schema.findall(XSD + "element"):
        schema.remove(old)
    for kind in [*schema.iter(XSD + "complexType"), *schema.iter(XSD + "simpleType")]:
        element = etree.SubElement(schema, XSD + "element", name=kind.get("name"), nillable="true")
        prefix = next(prefix for prefix, uri in schema.nsmap.items() if uri == schema.get("targetNamespace"))
        element.set("type", f"{prefix}:{kind.get('name')}")


def _make_wrappers_anonymous(schema: etree._Element) -> None:
    named = {kind.get("name"): kind for kind in schema.findall(XSD + "complexType")}
    for element in schema.findall(XSD + "element"):
        wrapper = named[element.get("name")]
        del element.attrib["type"], wrapper.attrib["name"]
        if not len(wrapper):
            etree.SubElement(wrapper, XSD + "sequence")
        element.append(wrapper)


def _reshape_operation(operation: etree._Element) -> None:
    name = operation.get("name")
    del operation.attrib["parameterOrder"]
    for documentation in operation.findall(WSDL + "documentation"):
        operation.remove(documentation)
    for node, response in zip(operation, (False, True), strict=True):
        del node.attrib["name"]
        node.set("message", f"tns:{_message_name(name, response=response)}")
        node.set(f"{{{WSAW}}}Action", _action(name) + ("Response" if response else ""))


def _reshape_binding(binding: etree._Element) -> None:
    binding.set("name", BINDING)
    for operation in binding.iter(WSDL + "operation"):
        operation.find(SOAP + "operation").set("soapAction", _action(operation.get("name")))
        for node in operation:
            node.attrib.pop("name", None)


def _message_name(operation: str, *, response: bool) -> str:
    return f"{PORT_TYPE}_{operation}_{'Output' if response else 'Input'}Message"


def _action(operation: str) -> str:
    return f"{ns.T}/{PORT_TYPE}/{operation}"


def _with_prefixes(root: etree._Element) -> etree._Element:
    """The same document with our prefixes: QNames in values (type="s1:Balance") follow their namespaces."""
    uris = dict(root.nsmap)
    ours = {uri: prefix for prefix, uri in PREFIXES.items()}
    for element in root.iter():
        for attribute in ("type", "base", "element", "message", "binding"):
            prefix, colon, name = (element.get(attribute) or "").partition(":")
            if colon:
                element.set(attribute, f"{ours[uris[prefix]]}:{name}")
    renamed = etree.Element(root.tag, attrib=dict(root.attrib), nsmap=PREFIXES)
    renamed.extend(list(root))
    etree.cleanup_namespaces(renamed, keep_ns_prefixes=list(PREFIXES))
    return renamed
