#include "client/grpc_links.h"

#include <utility>

#include "client/stream.h"
#include "client/wire_error.h"

namespace qalam::abi0 {
namespace {

constexpr const char* kProduceMethod = "/qalam.v1.LogService/Produce";
constexpr const char* kTailMethod = "/qalam.v1.LogService/Tail";

Error WhyClosed(const grpc::Status& status, const std::string& address) {
  if (status.ok()) return {"UNREACHABLE", "the broker ended the stream", {}, address};
  return ErrorFromGrpc(status, address);
}

class GrpcProduceLink final : public ProduceLink, public Stream::Listener {
 public:
  GrpcProduceLink(ProduceOpen open, std::string address,
                  std::shared_ptr<ProduceLink::Listener> listener)
      : open_(std::move(open)), address_(std::move(address)), listener_(std::move(listener)) {}
  // Before anything is written or read.
  void Attach(std::shared_ptr<Stream> stream) { stream_ = std::move(stream); }

  bool Write(const ProduceMessage& message) override {
    stream_->Write(EncodeProduce(message, open_));
    return false;
  }
  void Read() override { stream_->Read(); }
  void Cancel() override { stream_->Cancel(); }

  void OnWritten() override { listener_->OnWritten(); }
  void OnMessage(grpc::ByteBuffer message) override {
    listener_->OnAnswers(DecodeProduceResponse(message, address_));
  }
  void OnClosed(const grpc::Status& status) override {
    const auto listener = std::move(listener_);
    listener->OnClosed(WhyClosed(status, address_), !status.ok() && HasErrorInfo(status));
  }

 private:
  const ProduceOpen open_;
  const std::string address_;
  std::shared_ptr<ProduceLink::Listener> listener_;  // Until OnClosed.
  std::shared_ptr<Stream> stream_;
};

class GrpcTailLink final : public TailLink, public Stream::Listener {
 public:
  GrpcTailLink(std::string address, std::shared_ptr<TailLink::Listener> listener)
      : address_(std::move(address)), listener_(std::move(listener)) {}
  void Attach(std::shared_ptr<Stream> stream) { stream_ = std::move(stream); }

  void Read() override { stream_->Read(); }
  void Cancel() override { stream_->Cancel(); }

  void OnWritten() override {}
  void OnMessage(grpc::ByteBuffer message) override {
    TailPart part;
    part.bytes = message.Length();
    part.unpack = [message = std::move(message)](RawBuffer& batches) mutable {
      auto decoded = DecodeTailResponse(message, batches);
      message.Clear();
      return decoded;
    };
    listener_->OnPart(std::move(part));
  }
  void OnClosed(const grpc::Status& status) override {
    const auto listener = std::move(listener_);
    listener->OnClosed(WhyClosed(status, address_));
  }

 private:
  const std::string address_;
  std::shared_ptr<TailLink::Listener> listener_;  // Until OnClosed.
  std::shared_ptr<Stream> stream_;
};

}  // namespace

std::shared_ptr<ProduceLink> OpenProduce(const Connection& connection, const ProduceOpen& open,
                                         std::shared_ptr<ProduceLink::Listener> listener) {
  if (connection.direct != nullptr)
    return connection.direct->OpenProduce(open, std::move(listener));
  auto link = std::make_shared<GrpcProduceLink>(open, connection.address, std::move(listener));
  link->Attach(Stream::Start(connection.channel, kProduceMethod, link));
  return link;
}

std::shared_ptr<TailLink> OpenTail(const Connection& connection, const TailOpen& open,
                                   std::shared_ptr<TailLink::Listener> listener) {
  if (connection.direct != nullptr) {
    if (auto near = connection.direct->OpenTail(open, listener)) return near;
  }
  auto link = std::make_shared<GrpcTailLink>(connection.address, std::move(listener));
  auto stream = Stream::Start(connection.channel, kTailMethod, link);
  link->Attach(stream);
  stream->Write(EncodeTail(open), /*last=*/true);
  return link;
}

}  // namespace qalam::abi0
