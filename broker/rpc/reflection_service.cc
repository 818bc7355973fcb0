#include "broker/rpc/reflection_service.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "broker/rpc/byte_buffers.h"
#include "broker/rpc/status_map.h"
#include "common/mutex.h"

namespace qalam {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using grpc::reflection::v1alpha::FileDescriptorResponse;
using grpc::reflection::v1alpha::ServerReflectionRequest;
using grpc::reflection::v1alpha::ServerReflectionResponse;

constexpr const char* kName = "grpc.reflection.v1alpha.ServerReflection";

void AddWithImports(const FileDescriptor& file, std::set<std::string>& added,
                    FileDescriptorResponse& out) {
  if (!added.insert(file.name()).second) return;
  google::protobuf::FileDescriptorProto proto;
  file.CopyTo(&proto);
  proto.SerializeToString(out.add_file_descriptor_proto());
  for (int i = 0; i < file.dependency_count(); ++i) AddWithImports(*file.dependency(i), added, out);
}

void AnswerFile(const FileDescriptor* file, ServerReflectionResponse& response) {
  if (file == nullptr) {
    auto& error = *response.mutable_error_response();
    error.set_error_code(grpc::StatusCode::NOT_FOUND);
    error.set_error_message("there is nothing of that name");
    return;
  }
  std::set<std::string> added;
  AddWithImports(*file, added, *response.mutable_file_descriptor_response());
}

// None of our messages has extensions, but what they import might.
const FileDescriptor* FileOfExtension(const std::string& type, int number) {
  const DescriptorPool& pool = *DescriptorPool::generated_pool();
  const auto* const message = pool.FindMessageTypeByName(type);
  if (message == nullptr) return nullptr;
  const auto* const extension = pool.FindExtensionByNumber(message, number);
  return extension == nullptr ? nullptr : extension->file();
}

}  // namespace

// One stream: a question, its answer, the next question.
class ReflectionService::Stream final : public CallHandler,
                                        public DrainableStream,
                                        public std::enable_shared_from_this<Stream> {
 public:
  Stream(ReflectionService& reflection, IncomingCall& incoming)
      : CallHandler(incoming), reflection_(reflection) {}

  void Start() {
    self_ = shared_from_this();
    if (!reflection_.streams_.Add(self_)) {
      End(ToGrpcStatus(
          Error(ErrorCode::kTooManyRequests, "the broker serves as many streams as it may")));
      return;
    }
    ReadOn();
  }
  void Drain() override {
    End(ToGrpcStatus(Error(ErrorCode::kShuttingDown, "the broker is stopping")));
  }

  void OnReadDone(bool ok) override {
    ServerReflectionRequest request;
    if (!ok) {
      End(grpc::Status::OK);
    } else if (const Status parsed = ParseMessage(incoming_, request); !parsed.ok()) {
      End(ToGrpcStatus(parsed.error()));
    } else {
      MutexLock lock(mutex_);
      if (finished_) return;
      writing_ = true;
      outgoing_ = SerializedMessage(reflection_.Answer(request));
      call().Write(outgoing_);
    }
  }
  void OnWriteDone(bool ok) override {
    std::optional<grpc::Status> end;
    {
      MutexLock lock(mutex_);
      writing_ = false;
      end = end_with_;
    }
    if (!ok && !end) end = grpc::Status::CANCELLED;
    if (end) {
      End(*std::move(end));
    } else {
      ReadOn();
    }
  }
  void OnCancel() override { End(grpc::Status::CANCELLED); }
  void OnDone() override {
    reflection_.streams_.Remove(this);
    const auto last = std::move(self_);
  }

 private:
  void ReadOn() {
    MutexLock lock(mutex_);  // So that it can't be ended and gone before.
    if (!finished_) call().Read(incoming_);
  }
  void End(grpc::Status status) {
    MutexLock lock(mutex_);
    if (!end_with_) end_with_ = std::move(status);
    if (finished_ || writing_) return;
    finished_ = true;
    call().Finish(*end_with_);
  }

  ReflectionService& reflection_;
  std::shared_ptr<Stream> self_;  // From Start to OnDone.
  grpc::ByteBuffer incoming_;
  grpc::ByteBuffer outgoing_;
  Mutex mutex_;
  bool writing_ QALAM_GUARDED_BY(mutex_) = false;
  bool finished_ QALAM_GUARDED_BY(mutex_) = false;
  std::optional<grpc::Status> end_with_ QALAM_GUARDED_BY(mutex_);
};

ReflectionService::ReflectionService(StreamRegistry& streams, std::vector<std::string> services)
    : streams_(streams), services_(std::move(services)) {
  services_.push_back(kName);
}

void ReflectionService::AddTo(MethodTable& methods) {
  methods.emplace(std::string("/") + kName + "/ServerReflectionInfo",
                  [this](IncomingCall& call) { std::make_shared<Stream>(*this, call)->Start(); });
}

ServerReflectionResponse ReflectionService::Answer(const ServerReflectionRequest& request) const {
  const DescriptorPool& pool = *DescriptorPool::generated_pool();
  ServerReflectionResponse response;
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  switch (request.message_request_case()) {
    case ServerReflectionRequest::kFileByFilename:
      AnswerFile(pool.FindFileByName(request.file_by_filename()), response);
      break;
    case ServerReflectionRequest::kFileContainingSymbol:
      AnswerFile(pool.FindFileContainingSymbol(request.file_containing_symbol()), response);
      break;
    case ServerReflectionRequest::kFileContainingExtension:
      AnswerFile(FileOfExtension(request.file_containing_extension().containing_type(),
                                 request.file_containing_extension().extension_number()),
                 response);
      break;
    case ServerReflectionRequest::kAllExtensionNumbersOfType: {
      const std::string& type = request.all_extension_numbers_of_type();
      const auto* const message = pool.FindMessageTypeByName(type);
      if (message == nullptr) {
        AnswerFile(nullptr, response);
        break;
      }
      auto& numbers = *response.mutable_all_extension_numbers_response();
      numbers.set_base_type_name(type);
      std::vector<const google::protobuf::FieldDescriptor*> extensions;
      pool.FindAllExtensions(message, &extensions);
      for (const auto* const extension : extensions)
        numbers.add_extension_number(extension->number());
      break;
    }
    case ServerReflectionRequest::kListServices:
      for (const std::string& service : services_)
        response.mutable_list_services_response()->add_service()->set_name(service);
      break;
    case ServerReflectionRequest::MESSAGE_REQUEST_NOT_SET:
      response.mutable_error_response()->set_error_code(grpc::StatusCode::INVALID_ARGUMENT);
      response.mutable_error_response()->set_error_message("the request asks nothing");
      break;
  }
  return response;
}

}  // namespace qalam
