// Gives TensorFlow's gs:// file system other credentials and another cache.
// Built by `python -m monitored_tf.cloud.build` for one TensorFlow, 2.15 or later.

#include <cstdio>
#include <ctime>
#include <memory>
#include <mutex>
#include <string>
#include "json/json.h"
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"
#if __has_include("xla/tsl/platform/cloud/gcs_file_system.h")
#include "xla/tsl/platform/cloud/gcs_file_system.h"
#include "xla/tsl/platform/cloud/oauth_client.h"
#else  // Where TensorFlow had them until 2.18.
#include "tsl/platform/cloud/gcs_file_system.h"
#include "tsl/platform/cloud/oauth_client.h"
#endif

namespace {
// TensorFlow's client asks these too, whatever server the credentials name.
constexpr char kForUsers[] = "https://www.googleapis.com/oauth2/v3/token";
constexpr char kForAccounts[] = "https://www.googleapis.com/oauth2/v4/token";
constexpr char kScope[] = "https://www.googleapis.com/auth/cloud-platform";
constexpr uint64_t kSparedSecs = 60;  // A token is renewed before its end.

class GivenCredentials : public tsl::AuthProvider {
 public:
  explicit GivenCredentials(const Json::Value& json) : json_(json) {}

  absl::Status GetToken(std::string* token) override {
    std::lock_guard<std::mutex> lock(mutex_);
    if (token_.empty() || std::time(nullptr) + kSparedSecs >= expires_at_) {
      token_.clear();
      absl::Status status =
          json_.isMember("refresh_token")
              ? client_.GetTokenFromRefreshTokenJson(json_, kForUsers, &token_,
                                                     &expires_at_)
              : client_.GetTokenFromServiceAccountJson(
                    json_, kForAccounts, kScope, &token_, &expires_at_);
      if (!status.ok()) return status;
    }
    *token = token_;
    return absl::OkStatus();
  }

 private:
  const Json::Value json_;
  tsl::OAuthClient client_;
  std::mutex mutex_;
  std::string token_;
  uint64_t expires_at_ = 0;
};

absl::Status Configure(const std::string& text, const int64_t* cache) {
  tsl::FileSystem* found = nullptr;
  absl::Status status =
      tsl::Env::Default()->GetFileSystemForFile("gs://bucket/", &found);
  auto* retrying = dynamic_cast<tsl::RetryingGcsFileSystem*>(found);
  if (!status.ok() || retrying == nullptr)
    return absl::FailedPreconditionError("gs:// is not TensorFlow's own.");
  if (!text.empty()) {
    Json::Value json;
    if (!Json::Reader().parse(text, json) || !json.isObject())
      return absl::InvalidArgumentError("The credentials are not JSON.");
    auto credentials = std::make_unique<GivenCredentials>(json);
    // Now rather than at a read or a save: there it would be said as theirs.
    std::string token;
    status = credentials->GetToken(&token);
    if (!status.ok()) return status;
    retrying->underlying()->SetAuthProvider(std::move(credentials));
  }
  if (cache != nullptr)
    retrying->underlying()->ResetFileBlockCache(cache[0], cache[1], cache[2]);
  return absl::OkStatus();
}

class ConfigureOp : public tensorflow::OpKernel {
 public:
  using OpKernel::OpKernel;
  void Compute(tensorflow::OpKernelContext* context) override {
    const auto& text = context->input(0).scalar<tensorflow::tstring>()();
    const auto cache = context->input(1).flat<int64_t>();
    OP_REQUIRES_OK(context, Configure(text, cache.size() ? cache.data() : 0));
  }
};
REGISTER_OP("MonitoredTfConfigureGcs")
    .Input("credentials: string").Input("cache: int64").SetIsStateful();
REGISTER_KERNEL_BUILDER(
    Name("MonitoredTfConfigureGcs").Device(tensorflow::DEVICE_CPU), ConfigureOp);

}  // namespace

// For this process, without a session. Returns the status code; fills `message`.
extern "C" int monitored_tf_configure_gcs(const char* text, const int64_t* cache,
                                          char* message, size_t size) {
  const absl::Status status = Configure(text, cache);
  std::snprintf(message, size, "%s", std::string(status.message()).c_str());
  return static_cast<int>(status.code());
}
