#include "config/converters.h"

#include <algorithm>

namespace pgsteer::config {
namespace {

// Each followed by a blank.
constexpr std::string_view names =
    "51d.single add add_item aes_cbc_dec aes_cbc_enc aes_gcm_dec aes_gcm_enc and b64dec "
    "base64 be2dec be2hex bool bytes capture-req capture-res concat cpl crc32 crc32c "
    "cut_crlf da-csv-conv debug digest div djb2 even field fix_is_valid fix_tag_value "
    "hex hex2i hmac host_only htonl http_date iif in_table ipmask json json_query "
    "jwt_decrypt_cert jwt_decrypt_jwk jwt_decrypt_secret jwt_header_query "
    "jwt_payload_query jwt_verify language le2dec le2hex length lower ltime ltrim map "
    "map_beg map_beg_int map_beg_ip map_beg_key map_dir map_dir_int map_dir_ip "
    "map_dir_key map_dom map_dom_int map_dom_ip map_dom_key map_end map_end_int "
    "map_end_ip map_end_key map_int map_int_int map_int_ip map_int_key map_ip map_ip_int "
    "map_ip_ip map_ip_key map_key map_reg map_reg_int map_reg_ip map_reg_key map_regm "
    "map_str map_str_int map_str_ip map_str_key map_sub map_sub_int map_sub_ip "
    "map_sub_key mod mqtt_field_value mqtt_is_valid ms_ltime ms_utime mul nbsrv neg not "
    "odd or param port_only protobuf regsub reverse reverse_dom rtrim sdbm secure_memcmp "
    "set-var sha1 sha2 srv_queue strcmp sub table_bytes_in_rate table_bytes_out_rate "
    "table_conn_cnt table_conn_cur table_conn_rate table_expire table_gpc table_gpc0 "
    "table_gpc0_rate table_gpc1 table_gpc1_rate table_gpc_rate table_gpt table_gpt0 "
    "table_http_err_cnt table_http_err_rate table_http_fail_cnt table_http_fail_rate "
    "table_http_req_cnt table_http_req_rate table_idle table_kbytes_in table_kbytes_out "
    "table_server_id table_sess_cnt table_sess_rate table_trackers ub64dec ub64enc "
    "ungrpc unset-var upper url_dec url_enc us_ltime us_utime utime when word wt6 xor "
    "xxh3 xxh32 xxh64 ";

}  // namespace

std::vector<std::string_view> converter_names() {
    std::vector<std::string_view> all;
    for (std::string_view rest = names; !rest.empty();) {
        all.push_back(rest.substr(0, rest.find(' ')));
        rest.remove_prefix(all.back().size() + 1);
    }
    return all;
}

bool is_converter(std::string_view name) {
    const auto all = converter_names();
    return std::find(all.begin(), all.end(), name) != all.end();
}

}  // namespace pgsteer::config
