// A router's answers as the tests of `pgsteer top` want them: two nodes on two listeners.
#pragma once

#include <string>

#include "top/picture.h"

namespace pgsteer::top {

struct Answers {
    std::string info =
        "Name: pgsteer\nVersion: 1.2.3\nUptime_sec: 3725\nCurrConns: 2\n"
        "Maxconn: 100\nConnRate: 7\nnode: lb1";
    std::string level = "admin";
    std::string cluster = R"({
  "whole": true,
  "nodes": [
    {"name": "pg0", "address": "10.0.0.1:5432", "role": "primary", "state": "UP", "fenced": false,
     "why": "", "timeline": 3, "lag_bytes": null, "lag_ms": null, "serves": ["ReadWrite"],
     "sessions": 2},
    {"name": "pg1", "address": "10.0.0.2:5432", "role": "standby", "state": "UP", "fenced": false,
     "why": "", "timeline": 3, "lag_bytes": 42, "lag_ms": 3, "serves": ["ReadOnly"],
     "sessions": 0}
  ],
  "waiting": {"ReadWrite": 3}
})";
    std::string stat =
        "# pxname,svname,scur,slim,status,weight,bin,bout,addr,check_status,role,cause,waiting\n"
        "ReadWrite,FRONTEND,2,100,OPEN,,9,9,,,,,\n"
        "ReadWrite,pg0,2,100,UP,1,1000,2000,10.0.0.1:5432,L7OK,primary,up,\n"
        "ReadWrite,pg1,0,100,DOWN,1,0,50,10.0.0.2:5432,L7STS,standby,check-failed,\n"
        "ReadWrite,BACKEND,2,100,UP,1,9,9,,,,,3\n"
        "ReadOnly,pg0,0,100,DOWN,1,0,0,10.0.0.1:5432,L4CON,primary,check-failed,\n"
        "ReadOnly,pg1,0,100,UP,1,0,0,10.0.0.2:5432,L7OK,standby,up,\n";
    std::string events = "2026-11-26T10:00:00.000Z pg0 is the primary now";
    std::string sessions =
        "0x1: proto=tcpv4 src=10.9.9.9:4711 fe=ReadWrite be=ReadWrite srv=pg0 ts=00 age=90s "
        "calls=0 "
        "state=relaying rq[i=0,total=1000] rp[i=0,total=2000] idle=2s scf=[fd=7] scb=[fd=8] rc=0\n"
        "0x2: proto=tcpv4 src=10.9.9.8:4712 fe=ReadWrite be=ReadWrite srv=<none> ts=00 age=5s "
        "state=waiting rq[i=0,total=0] rp[i=0,total=0] idle=5s scf=[fd=9] scb=[fd=-1] rc=0\n";
};

// With the empty line that follows every answer.
inline std::string answers(const Answers& parts = {}) {
    std::string text;
    for (const std::string& part :
         {parts.info, parts.level, parts.cluster, parts.stat, parts.events, parts.sessions})
        text += part + (part.empty() || part.back() == '\n' ? "\n" : "\n\n");
    return text;
}

inline Picture sample(const Answers& parts = {}) {
    return read_picture(answers(parts), true).value();
}

}  // namespace pgsteer::top
