#include "broker/node/broker_process.h"

int main(int argc, char** argv) { return qalam::RunBrokerProcess(argc, argv); }
