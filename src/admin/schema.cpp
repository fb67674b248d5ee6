// What `show schema json` answers: HAProxy 2.6's own words, which describe `show stat json` and
// `show info json`.
#include "admin/stat_views.h"

namespace pgsteer::admin {
namespace {

constexpr std::string_view schema =
    R"({"$schema":"http://json-schema.org/draft-04/schema#","oneOf":[{"title":"Info","type":"ar)"
    R"(ray","items":{"title":"InfoItem","type":"object","properties":{"field":{"$ref":"#/defini)"
    R"(tions/field"},"processNum":{"$ref":"#/definitions/processNum"},"tags":{"$ref":"#/definit)"
    R"(ions/tags"},"value":{"$ref":"#/definitions/typedValue"}},"required":["field","processNum)"
    R"(","tags","value"]}},{"title":"Stat","type":"array","items":{"title":"InfoItem","type":"o)"
    R"(bject","properties":{"objType":{"enum":["Frontend","Backend","Listener","Server","Unknow)"
    R"(n"]},"proxyId":{"type":"integer","minimum":0},"id":{"type":"integer","minimum":0},"field)"
    R"(":{"$ref":"#/definitions/field"},"processNum":{"$ref":"#/definitions/processNum"},"tags")"
    R"(:{"$ref":"#/definitions/tags"},"typedValue":{"$ref":"#/definitions/typedValue"}},"requir)"
    R"(ed":["objType","proxyId","id","field","processNum","tags","value"]}},{"title":"Error","t)"
    R"(ype":"object","properties":{"errorStr":{"type":"string"}},"required":["errorStr"]}],"def)"
    R"(initions":{"field":{"type":"object","pos":{"type":"integer","minimum":0},"name":{"type":)"
    R"("string"},"required":["pos","name"]},"processNum":{"type":"integer","minimum":1},"tags":)"
    R"({"type":"object","origin":{"type":"string","enum":["Metric","Status","Key","Config","Pro)"
    R"(duct","Unknown"]},"nature":{"type":"string","enum":["Gauge","Limit","Min","Max","Rate",")"
    R"(Counter","Duration","Age","Time","Name","Output","Avg", "Unknown"]},"scope":{"type":"str)"
    R"(ing","enum":["Cluster","Process","Service","System","Unknown"]},"required":["origin","na)"
    R"(ture","scope"]},"typedValue":{"type":"object","oneOf":[{"$ref":"#/definitions/typedValue)"
    R"(/definitions/s32Value"},{"$ref":"#/definitions/typedValue/definitions/s64Value"},{"$ref")"
    R"(:"#/definitions/typedValue/definitions/u32Value"},{"$ref":"#/definitions/typedValue/defi)"
    R"(nitions/u64Value"},{"$ref":"#/definitions/typedValue/definitions/strValue"}],"definition)"
    R"(s":{"s32Value":{"properties":{"type":{"type":"string","enum":["s32"]},"value":{"type":"i)"
    R"(nteger","minimum":-2147483648,"maximum":2147483647}},"required":["type","value"]},"s64Va)"
    R"(lue":{"properties":{"type":{"type":"string","enum":["s64"]},"value":{"type":"integer","m)"
    R"(inimum":-9007199254740991,"maximum":9007199254740991}},"required":["type","value"]},"u32)"
    R"(Value":{"properties":{"type":{"type":"string","enum":["u32"]},"value":{"type":"integer",)"
    R"("minimum":0,"maximum":4294967295}},"required":["type","value"]},"u64Value":{"properties")"
    R"(:{"type":{"type":"string","enum":["u64"]},"value":{"type":"integer","minimum":0,"maximum)"
    R"(":9007199254740991}},"required":["type","value"]},"strValue":{"properties":{"type":{"typ)"
    R"(e":"string","enum":["str"]},"value":{"type":"string"}},"required":["type","value"]},"unk)"
    R"(nownValue":{"properties":{"type":{"type":"integer","minimum":0},"value":{"type":"string")"
    R"(,"enum":["unknown"]}},"required":["type","value"]}}}}})"
    "\n";

}  // namespace

std::string schema_json() {
    return std::string(schema);
}

}  // namespace pgsteer::admin
